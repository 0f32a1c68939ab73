from __future__ import annotations

from typing import Any

from tests.normalise.takes import get, post, take
from toolreel.inspect.findings import Finding, Level, Recording
from toolreel.inspect.lint_ids import foreign_objects, orphans
from toolreel.messages.model import Cassette

from .tapes import ON_RUN, ON_THREAD, RUN, THREAD, message, sample

NINE = "thread_000000000000000000000009"


def orphaned(cassette: Cassette) -> list[tuple[int | None, str]]:
    return [(one.n, one.message) for one in orphans(Recording(cassette))]


def test_an_id_that_no_answer_holds_is_found_once() -> None:
    path = '"path": "/threads/thread_000000000000000000000002/runs"'
    cassette = sample((path, path.replace("000000002", "000000009")))
    ((n, said),) = orphaned(cassette)
    assert (n, "thread_9" in said) == (7, True)


def test_an_interaction_taken_out_leaves_orphans() -> None:
    whole = sample()
    rest = [one.model_copy(update={"n": one.n - 1}) for one in whole.interactions[1:]]
    cassette = Cassette(upstreams=whole.upstreams, interactions=tuple(rest))
    assert [said.split(" holds ")[1].split(",")[0] for _, said in orphaned(cassette)] == ["asst_1"]


def test_the_programs_own_ids_are_no_orphans() -> None:
    assert orphaned(take(get("/threads/thread_8fbbGYQXQQ8rxRkvSi4smUqN"))) == []


def test_ids_that_come_in_headers_and_in_texts_are_known() -> None:
    located = post("/threads", "no JSON", headers=(("location", f"/threads/{NINE}"),))
    assert orphaned(take(located, get(f"/threads/{NINE}"))) == []
    named = post("/x", {"note": f"see {NINE}"})
    assert orphaned(take(named, get(f"/threads/{NINE}"))) == []
    assert orphaned(take(get(f"/threads/{NINE}"), named)) != []


# --------------------------------------------------------------------------------------------------- foreign objects


def foreign(*exchanges: Any) -> list[Finding]:
    return list(foreign_objects(Recording(take(*exchanges))))


def listed(*items: Any) -> dict[str, Any]:
    return {"object": "list", "data": list(items)}


def test_a_message_of_another_thread_is_found() -> None:
    (one,) = foreign(get(f"{ON_THREAD}/messages", listed(message("a"), message("b", thread_id=NINE))))
    assert (one.n, one.level) == (1, Level.ERROR)
    assert "belongs to thread_9" in one.message


def test_a_step_of_another_run_is_found() -> None:
    own = {"id": "step_1", "object": "thread.run.step", "run_id": RUN, "thread_id": THREAD}
    (one,) = foreign(get(f"{ON_RUN}/steps", listed(own, {**own, "run_id": "run_other"})))
    assert "run_other" in one.message


def test_a_message_names_a_run_but_belongs_to_its_thread() -> None:
    assert (
        foreign(get(f"{ON_THREAD}/messages", listed(message("a", run_id="run_other"), message("b", run_id=None))))
        == []
    )


def test_what_else_is_in_the_account_is_found() -> None:
    own = {"id": "asst_abcdefghijklmnopqrstuvwx", "object": "assistant"}
    made = post("/assistants", own)
    (one,) = foreign(
        made, get("/assistants", listed(own, {"id": "asst_zyxwvutsrqponmlkjihgfedc", "object": "assistant"}))
    )
    assert (one.n, one.level) == (2, Level.WARNING)
    assert "1 assistant that this cassette did not make" in one.message
    assert foreign(made, get("/assistants", listed(own))) == []
    assert foreign(get("/models", listed({"id": "gpt-4o", "object": "model"}))) == []


def test_odd_lists_do_no_harm() -> None:
    assert (
        foreign(get("/assistants", listed(3, None)), get(f"{ON_THREAD}/messages", {"object": "list", "data": 3}))
        == []
    )
