"""The shapes of path under which the same routes are served."""

from __future__ import annotations

import re
from urllib.parse import unquote

_BASES = re.compile(
    r"""
    (?P<base>
        /api/projects/[^/]+            # Azure AI Foundry
      | /openai/deployments/(?P<deployment>[^/]+)  # Azure OpenAI
      | /openai/v1 | /openai           # Azure OpenAI
      | /v1                            # OpenAI
    )
    (?P<rest>/.*|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)


def split_base(path: str) -> tuple[str, str]:
    """A path cut into base and rest: `/v1/threads` gives `/v1` and `/threads`; no known base gives `""`."""
    match = _BASES.fullmatch(path)
    return (match["base"], match["rest"]) if match else ("", path)


def deployment_of(path: str) -> str | None:
    """The deployment that a path names, which is what a body elsewhere calls the model."""
    match = _BASES.fullmatch(path)
    return unquote(match["deployment"]) if match and match["deployment"] else None
