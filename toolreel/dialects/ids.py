"""Ids that servers mint, and where they stand.

Shapes: wire.md, "Id shapes". A suffix of fewer than eight characters is a word or an example, not an id.
"""

from __future__ import annotations

import re

_UNDERSCORED = (
    "thread run step msg asst call vs vsf vsfb batch resp fc rs ws mcp mcpl mcpr ig ci cu ctc lsh conv item tool file"
)
_HYPHENED = "file assistant chatcmpl cmpl modr ftjob ftevent"
_UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def _id(before: str) -> re.Pattern[str]:
    return re.compile(
        rf"""
        {before}
        (?:
            (?P<prefix>(?:{"|".join(_UNDERSCORED.split())})_ | (?:{"|".join(_HYPHENED.split())})-)
            (?:[A-Za-z0-9]{{8,}} | {_UUID})  # several servers put a UUID behind the prefix
          | {_UUID}
        )
        (?![A-Za-z0-9_-])
        """,
        re.VERBOSE,
    )


_EDGE = "(?<![A-Za-z0-9_-])"
ID = _id(_EDGE)
"""Something that is shaped like an id, on id boundaries; a UUID has no prefix."""

ID_AFTER_ESCAPE = _id(rf"(?: {_EDGE} | (?<=\\[bfnrt]) | (?<=\\u[0-9A-Fa-f]{{4}}) | (?<=%[0-9A-Fa-f]{{2}}) )")
"""The same in JSON within a text or in a URL, where the character before it may be written with letters or digits."""

ROOTS = frozenset({"asst_", "file-", "file_", "assistant-", "vs_", "vsf_", "vsfb_"})
"""Prefixes of what many conversations share: it ties no conversations together."""


def is_id_key(key: str) -> bool:
    """Whether the member `key` of an object holds an id, or a list of them."""
    return key == "id" or key.endswith(("_id", "_ids"))
