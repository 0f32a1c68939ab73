"""A cassette that wants to do something in the page, in every place where it can say something."""

from __future__ import annotations

from pathlib import Path

from tests.inspect.tapes import ON_RUN, ON_THREAD, RUN, THREAD, delta, function, message, outputs, run
from tests.normalise.takes import ask, get, post, stream, take
from toolreel.messages.model import Cassette
from toolreel.store.layout import cassette_text

EVIL = (
    '<script>document.title="owned"</script>',
    '"><img src=x onerror="document.title=\'owned\'">',
    "' onmouseover=document.title='owned' x='",
    "javascript:document.title='owned'",
    "{{ 9871 * 9871 }}{% raw %}${9871*9871}<%= 9871*9871 %>",
    "</textarea></title></style></details></table></main><h1 id=owned>owned</h1>",
    "\u202egnp.exe\u202c \u2066isolated\u2069",
    "\x00\x07\x1b[31mred\x7f\u2028\u2029",
    "<svg/onload=document.title='owned'>",
    "&lt;b&gt; &#x3C;script&#x3E;",
    "<a href=http://example.invalid/>link</a><style>*{display:none}</style>",
)
ALL = " ".join(EVIL)
CALL = 'call_"><b>evil'
NAMES = ("<img src=x onerror=document.title='owned'>", "javascript:alert(1)", "a b?c#d&e=%2F..", "{{7}}", "x\u202ey")
"""Names of files that no recorder gives, but a hand can."""


def hostile() -> Cassette:
    """Ids, tool names, arguments, outputs, texts, keys, headers, paths, queries, event names, errors."""
    call = function(CALL, f'{{"city": {ALL!r}}}', name=ALL)
    evil = {f"{text}": {text: [text]} for text in EVIL}
    made = {"id": THREAD, "object": ALL, "metadata": evil}
    return take(
        post("/threads", made, {"messages": [{"role": "user", "content": ALL}]}, headers=(("location", ALL),)),
        post(f"{ON_THREAD}/runs", run(ALL), {"assistant_id": ALL}, request_headers=(("accept", ALL),)),
        get(ON_RUN, run("requires_action", call, last_error={"message": ALL})),
        stream(
            f"{ON_RUN}/submit_tool_outputs",
            [(EVIL[0], delta(text)) for text in EVIL] + [("thread.message.completed", message(ALL))],
            {**outputs((CALL, ALL)), "stream": True},
        ),
        get(f"{ON_THREAD}/messages?x={EVIL[0].replace('=', '')}", {"object": "list", "data": [message(ALL)]}),
        ask("GET", f"/{EVIL[1].replace('?', '')}/runs/{EVIL[1]}", {"error": {"message": ALL}}, status=500),
        post(f"{ON_RUN}/cancel", ALL, ALL, status=404),
    )


def write(folder: Path) -> list[str]:
    """The cassette, and broken ones under names that are no names; gives all their names."""
    (folder / "hostile.json").write_text(cassette_text(hostile()))
    for name in NAMES:
        (folder / f"{name.replace('/', '_')}.json").write_text(f'{{"toolreel": 1, {EVIL[0]}')
    assert RUN
    return ["hostile", *(name.replace("/", "_") for name in NAMES)]
