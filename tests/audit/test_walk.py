from __future__ import annotations

from tests.normalise.takes import normal, post
from tests.replay.clients import tape_of
from toolreel.audit.sent import Sent, recorded
from toolreel.audit.walk import Probed, Setup
from toolreel.replay.answer import Answer
from toolreel.replay.engine import Options
from toolreel.replay.tape import Tape

ONE, OTHER = "thread_AAAAAAAAAAAAAAAAAAAAAAAA", "thread_BBBBBBBBBBBBBBBBBBBBBBBB"


def chats(*answers: str) -> Setup:
    """A replay of the same call, answered differently each time."""
    calls = [
        post("/chat/completions", {"said": answer}, {"q": "?", "api_key": "REDACTED-0001"}) for answer in answers
    ]
    return Setup(tape_of(normal(*calls)), Options(repeat=False))


def requests(tape: Tape) -> list[Sent]:
    upstreams = tape.cassette.upstreams
    return [recorded(one.request, upstreams[0], tape.read_file) for one in tape.cassette.interactions]


def said(answer: Answer | None) -> bytes | None:
    return None if answer is None else b"".join(answer.pieces)


def test_a_fork_goes_its_own_way() -> None:
    setup = chats("one", "two")
    walk = setup.walk()
    request = walk.meant(requests(setup.tape)[0]).http()
    first = walk.fork()
    assert [said(first.ask(request)) for _ in range(3)] == [b'{\n  "said": "one"\n}', b'{\n  "said": "two"\n}', None]
    second = walk.fork()
    assert said(second.ask(request)) == said(walk.ask(request)) == b'{\n  "said": "one"\n}'
    assert len(walk.redactor.placeholders) == len(second.redactor.placeholders) == 1
    assert second.redactor.placeholders is not walk.redactor.placeholders


def test_what_is_probed_is_put_back() -> None:
    setup = chats("one")
    probed = Probed(setup)
    (request,) = requests(setup.tape)
    nothing = Answer(200, ())
    assert [probed.answers(request) for _ in range(3)] == [True, True, True]
    assert said(probed.play(request, nothing)[0]) == b'{\n  "said": "one"\n}'
    assert probed.answers(request) is False
    assert probed.play(request, nothing) == (None, None)


def test_a_client_sends_its_own_keys_and_ids() -> None:
    setup = chats("one")
    walk = setup.walk()
    (request,) = requests(setup.tape)
    assert walk.meant(request).http().body == b'{"q":"?","api_key":"audit-key-0001"}'
    walk.learn(Answer(200, (), (f'["{ONE}"]'.encode(),)), Answer(200, (), (f'["{OTHER}"]'.encode(),)))
    thread = Sent("GET", "/v1", f"/threads/{ONE}", (), (), None)
    assert walk.meant(thread).path == f"/threads/{OTHER}"


def test_what_was_not_answered_alike_teaches_nothing() -> None:
    walk = chats("one").walk()
    walk.learn(Answer(200, (), (f'["{ONE}"]'.encode(),)), Answer(200, (), (f'["{OTHER}", "{ONE}"]'.encode(),)))
    assert walk.names == {}
