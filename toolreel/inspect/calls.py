"""The tool calls of a recording, each once: from the arguments that the model gave to the output that it got."""

from __future__ import annotations

from collections.abc import Iterable

from toolreel.store.facts import ToolCall

from .exchange import Exchange


def tool_calls(exchanges: Iterable[Exchange]) -> list[ToolCall]:
    """The tool calls of interactions, given in their order, in the order in which they were named."""
    named: dict[str, ToolCall] = {}
    submitted: dict[str, tuple[str, int]] = {}
    for exchange in exchanges:
        n = exchange.interaction.n
        for call in exchange.calls:
            before = named.get(call.id)
            first = before.n if before else n
            # A stream that was cut names the beginning of the arguments; what is named later is whole.
            arguments = call.arguments or (before.arguments if before else "")
            output = call.output if call.output is not None else before.output if before else None
            named[call.id] = ToolCall(call.id, first, call.tool, arguments, output)
        if exchange.interaction.response.status < 400:
            for call_id, output in exchange.outputs:
                submitted.setdefault(call_id, (output, n))
    return [
        call._replace(output=submitted[call.id][0], answered=submitted[call.id][1]) if call.id in submitted else call
        for call in named.values()
    ]
