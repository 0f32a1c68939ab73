"""What requests and answers say, free of what differs from take to take: the text by which they are ordered."""

from __future__ import annotations

import json
from collections.abc import Mapping

from toolreel.messages.model import Interaction

from .strings import in_request, in_response
from .symbols import ids_of, prefix_of, replaced_by
from .volatile import take_out


def said(interaction: Interaction, names: Mapping[str, str]) -> str:
    """What an interaction says, its ids renamed and its clock standing still."""
    request = in_request(interaction.request, replaced_by(names)).model_dump(exclude={"upstream"})
    return json.dumps(request, sort_keys=True) + _answered(interaction, names)


def _answered(interaction: Interaction, names: Mapping[str, str]) -> str:
    response, _ = take_out(interaction.response, 0)
    answer = in_response(response, replaced_by(names)).model_dump()
    return json.dumps([answer, interaction.ending], sort_keys=True)


def said_answer(interaction: Interaction, minted: set[str]) -> str:
    """What an answer says, its ids reduced to their prefixes and its clock standing still."""
    return _answered(interaction, {id_: prefix_of(id_) for id_ in ids_of(interaction, minted)})
