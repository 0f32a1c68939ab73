from __future__ import annotations

import pytest

from tests.normalise.takes import Plan, Server, assistant, get, normal, one_after_the_other, post, tool_loop
from toolreel.inspect.conversations import conversations_of
from toolreel.messages.model import Cassette

from .tapes import sample


def test_what_conversations_share_stands_apart() -> None:
    found = conversations_of(sample())
    assert [(one.number, one.name[:9], one.shared, one.interactions, set(one.needs)) for one in found] == [
        (1, "asst_0000", True, (1,), set()),
        (2, "thread_00", False, (2, 3, 4), {1}),
        (3, "thread_00", False, (5, 6, 7, 8, 9, 10, 11, 12), {1}),
    ]


@pytest.mark.parametrize("timed", [True, False])
def test_every_interaction_belongs_to_one_conversation(timed: bool) -> None:
    server = Server(1)
    made, id_ = assistant(server)
    loops = [tool_loop(server, Plan(question=str(place)), id_) for place in range(3)]
    cassette = normal(made, *one_after_the_other(loops))
    cassette = cassette if timed else cassette.model_copy(update={"take": None})
    found = conversations_of(cassette)
    assert len(found) == 4
    assert [n for one in found for n in one.interactions] == [one.n for one in cassette.interactions]
    assert all(one.needs == {1} for one in found[1:])


def test_a_conversation_without_an_id_has_no_name() -> None:
    (one,) = conversations_of(normal(post("/chat/completions", {"x": 1}, {"model": "m"})))
    assert (one.name, one.shared) == ("", False)


def test_a_conversation_is_known_by_the_programs_own_thread_too() -> None:
    own = "thread_8fbbGYQXQQ8rxRkvSi4smUqN"
    (one,) = conversations_of(normal(get(f"/threads/{own}/runs", {"object": "list", "data": []})))
    assert one.name == own


def test_an_empty_cassette_has_none() -> None:
    assert conversations_of(Cassette(upstreams=(), interactions=())) == []
