from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.normalise.cassette import normalise

from .takes import (
    Exchange,
    Plan,
    Server,
    above,
    ask,
    assistant,
    below,
    get,
    mixed,
    normal,
    one_after_the_other,
    overlapping,
    paths,
    post,
    stream,
    take,
    tool_loop,
)

OWN = "thread_" + "own" * 8
PLANS = (
    Plan(),
    Plan(output="22", reply="It is 22 degrees."),
    Plan(question="And tomorrow?", streams=True),
    Plan(question="Bye", deletes=True),
)


def own_thread() -> list[Exchange]:
    """A conversation in a thread that the program knew before."""
    message = {"id": Server(9).id("msg_"), "thread_id": OWN}
    return [post(f"/threads/{OWN}/messages", message, {"content": "hi"}), get(f"/threads/{OWN}/messages", [message])]


def conversations(seed: int, plans: list[Plan], *, assistants: str) -> tuple[list[Exchange], list[list[Exchange]]]:
    """What is shared, and conversations; with an assistant of their own each, one for all, or the program's."""
    server = Server(seed)
    random = Random(seed)
    plans = [replace(plan, polls=(random.randrange(3), random.randrange(3))) for plan in plans]
    if assistants == "own":
        made = [assistant(server) for _ in plans]
        return [], [[one, *tool_loop(server, plan, id_)] for (one, id_), plan in zip(made, plans, strict=True)]
    if assistants == "shared":
        one, id_ = assistant(server)
        return [one], [tool_loop(server, plan, id_) for plan in plans]
    return [], [*(tool_loop(server, plan) for plan in plans), own_thread()]


@given(
    plans=st.lists(st.sampled_from(PLANS), min_size=1, max_size=4),
    assistants=st.sampled_from(["own", "shared", "program"]),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=60, deadline=None)
def test_conversations_recorded_together_are_the_file_of_those_recorded_one_after_the_other(
    plans: list[Plan], assistants: str, seed: int
) -> None:
    random = Random(seed)
    shared, sequential = conversations(1, plans, assistants=assistants)
    expected = above(normal(*shared, *one_after_the_other(sequential)))
    shared, together = conversations(2, plans, assistants=assistants)
    random.shuffle(together)
    assert above(normal(*shared, *mixed(together, random))) == expected
    shared, together = conversations(3, plans, assistants=assistants)
    random.shuffle(together)
    begun = [exchange.at(0, 5) for exchange in shared]
    assert above(normal(*begun, *overlapping(together, random, start=10))) == expected


def test_conversations_are_not_mixed_in_the_file() -> None:
    server = Server(1)
    together = [tool_loop(server, Plan(question=question)) for question in ("b", "a", "c")]
    cassette = normal(*mixed(together, Random(1)))
    threads = [path.split("/")[2] for path in paths(cassette) if path.count("/") > 1]
    assert threads == sorted(threads)
    assert len(set(threads)) == 3


def test_shared_roots_stand_first() -> None:
    server = Server(1)
    made, id_ = assistant(server)
    upload = post("/files", {"id": server.id("file-")}, "x")
    cassette = normal(*tool_loop(server, Plan()), made, *tool_loop(server, Plan(), id_), upload)
    assert sorted(paths(cassette)[:2]) == ["POST /assistants", "POST /files"]


def test_equal_calls_keep_their_order() -> None:
    def chat(text: str) -> Exchange:
        answer = {"id": Server(len(text)).id("chatcmpl-"), "choices": [text]}
        return post("/chat/completions", answer, {"model": "m"})

    for first, second in (("a", "bb"), ("bb", "a")):
        cassette = normal(chat(first), post("/chat/completions", {"choices": []}, {"model": "n"}), chat(second))
        text = above(cassette)
        assert text.index(f'"{first}"') < text.index(f'"{second}"')


def test_chats_that_begin_alike_are_conversations_of_their_own() -> None:
    """Their turns are tied by the ids of tool calls."""

    def chat(seed: int, reply: str) -> list[Exchange]:
        server = Server(seed)
        call = server.id("call_")
        called = {"id": server.id("chatcmpl-"), "choices": [{"message": {"tool_calls": [{"id": call}]}}]}
        answered = {"id": server.id("chatcmpl-"), "choices": [reply]}
        second = {"messages": [{"role": "tool", "tool_call_id": call, "content": reply}]}
        return [post("/chat/completions", called), post("/chat/completions", answered, second)]

    def recording(seed: int, *, together: bool) -> str:
        chats = [chat(seed, "b"), chat(seed + 1, "a")]
        return above(normal(*(mixed(chats, Random(seed)) if together else one_after_the_other(chats))))

    assert len({recording(seed, together=seed % 2 == 0) for seed in range(8)}) == 1


# ------------------------------------------------------------------------------------------- inside a conversation


def messages(*texts: str) -> list[Exchange]:
    return [post(f"/threads/{OWN}/messages", {"x": text}, {"content": text}) for text in texts]


def contents(*exchanges: Exchange) -> str:
    cassette = normal(*exchanges)
    bodies = [one.request.body.model_dump() if one.request.body else {} for one in cassette.interactions]
    return "".join(body["json"]["content"] for body in bodies)


def test_what_came_one_after_the_other_keeps_its_order() -> None:
    assert contents(*messages("b", "c", "a")) == "bca"


def test_what_came_one_after_the_other_within_a_millisecond_keeps_its_order() -> None:
    assert contents(*(one.at(3, 3) for one in messages("b", "c", "a"))) == "bca"
    one, other = messages("b", "a")
    assert contents(one.at(1, 3), other.at(3, 3)) == "ba"


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_what_overlapped_is_ordered_by_what_it_says(order: tuple[int, ...]) -> None:
    found = messages("b", "c", "a")
    timed = [found[place].at(start, 50 + start) for start, place in enumerate(order)]
    assert contents(*timed) == "abc"
    cassette = normal(*timed)
    assert below(cassette).overlap == ((1, 2), (1, 3), (2, 3))


def test_a_stream_is_over_with_its_last_frame() -> None:
    """However late its connection is closed: what follows did not overlap it."""
    stream_first = replace(stream(f"/threads/{OWN}/runs", [("e", {})], {"content": "z"}).at(0, 90), frame_ms=(10, 50))
    [after] = messages("a")
    assert contents(stream_first, after.at(50, 60)) == "za"
    assert below(normal(stream_first, after.at(50, 60))).overlap == ()
    assert contents(stream_first, after.at(49, 60)) == "az"


def test_what_overlapped_keeps_its_place_among_what_did_not() -> None:
    z, b, a, c = messages("z", "b", "a", "c")
    assert contents(z.at(0, 5), b.at(10, 30), a.at(20, 40), c.at(40, 50)) == "zabc"
    assert below(normal(z.at(0, 5), b.at(10, 30), a.at(20, 40), c.at(40, 50))).overlap == ((2, 3),)


def test_overlap_of_different_conversations_is_not_noted() -> None:
    server = Server(1)
    together = [tool_loop(server, Plan()), tool_loop(server, Plan())]
    assert below(normal(*overlapping(together, Random(1)))).overlap == ()


def test_a_request_that_holds_an_id_stands_after_the_answer_that_minted_it() -> None:
    run = Server(1).id("run_")
    opened = stream(f"/threads/{OWN}/runs", [("e", {"id": run})], {"z": 1})
    opened = replace(opened.at(0, 90), frame_ms=(10, 90))
    cancelled = post(f"/threads/{OWN}/runs/{run}/cancel", {"id": run}, {"a": 1}).at(20, 30)
    assert [path[-6:] for path in paths(normal(opened, cancelled))] == ["1/runs"[-6:].replace("1", "n"), "cancel"]


@pytest.mark.parametrize("read_at", [12, 19])
def test_a_read_during_a_write_stands_before_it_as_it_belongs_to_the_epoch_before(read_at: int) -> None:
    first, write = messages("a", "b")
    read, later = (get(f"/threads/{OWN}/messages", {"n": n}) for n in (1, 2))
    received = take(first.at(0, 5), write.at(10, 20), read.at(read_at, 25), later.at(30, 35))
    cassette = normalise(received)[0]
    assert [path.split()[0] for path in paths(cassette)] == ["POST", "GET", "POST", "GET"]
    assert normalise(cassette)[0] == cassette
    untaken = cassette.model_copy(update={"take": None})
    assert normalise(untaken)[0] == untaken


def test_a_read_during_a_streaming_write_stands_after_it() -> None:
    write = stream(f"/threads/{OWN}/runs", [("e", {})]).at(10, 40)
    read = get(f"/threads/{OWN}/messages", {"n": 1}).at(12, 15)
    cassette = normal(write, read)
    assert [path.split()[0] for path in paths(cassette)] == ["POST", "GET"]
    assert below(cassette).overlap == ((1, 2),)


# --------------------------------------------------------------------------------------- what is needed comes first


def vector_store(server: Server) -> list[Exchange]:
    """An upload, a vector store with it, an assistant with that, and a conversation."""
    file, store, helper = server.id("file-"), server.id("vs_"), server.id("asst_")
    resources = {"tool_resources": {"file_search": {"vector_store_ids": [store]}}}
    return [
        post("/files", {"id": file, "object": "file"}, "z upload"),
        post("/vector_stores", {"id": store}, {"file_ids": [file]}),
        get(f"/vector_stores/{store}/files", {"data": [{"id": file}], "first_id": file}),
        get(f"/vector_stores/{store}", {"id": store, "status": "completed"}),
        get(f"/files/{file}", {"id": file}),
        post("/assistants", {"id": helper, **resources}, {"model": "gpt-4o", **resources}),
        *tool_loop(server, Plan(), helper),
    ]


def made_in_a_run(server: Server) -> list[Exchange]:
    """A conversation whose answer names a file that the code interpreter made, and the download of it."""
    thread, file = server.id("thread_"), server.id("file-")
    return [
        post("/threads", {"id": thread}, {"x": 1}),
        get(f"/threads/{thread}/messages", {"data": [{"id": server.id("msg_"), "file_ids": [file]}]}),
        get(f"/files/{file}/content", "the plot"),
        ask("DELETE", f"/files/{file}", {"id": file, "deleted": True}),
    ]


def listed(server: Server) -> list[Exchange]:
    """An assistant that the program found in a list."""
    helper = server.id("asst_")
    return [
        get("/assistants", {"data": [{"id": helper}]}),
        get(f"/assistants/{helper}", {"id": helper, "name": "a"}),
        *tool_loop(server, Plan(), helper),
    ]


@pytest.mark.parametrize("flow", [vector_store, made_in_a_run, listed])
def test_no_id_stands_in_a_request_before_the_answer_that_mints_it(flow: Callable[[Server], list[Exchange]]) -> None:
    found = set()
    for seed in range(3):
        cassette, names = normalise(take(*flow(Server(seed))))
        untaken = cassette.model_copy(update={"take": None})
        again, symbols = normalise(untaken)
        assert symbols.keys() == set(names.values())
        assert above(again) == above(untaken)
        found.add(above(cassette))
    assert len(found) == 1


def test_no_id_of_the_program_stands_in_an_answer_before_the_request_that_holds_it() -> None:
    helper = "asst_" + "own" * 8
    asks = tool_loop(Server(1), Plan(), helper)
    tells = get(f"/threads/{OWN}/runs", {"data": [{"id": Server(2).id("run_"), "assistant_id": helper}]})
    lists = get("/assistants", {"data": [{"id": helper}, {"id": Server(3).id("asst_")}]})
    for other in (tells, lists):
        cassette, names = normalise(take(*asks, other))
        assert helper not in names
        assert paths(cassette)[0] == "POST /threads"
        untaken = cassette.model_copy(update={"take": None})
        assert normalise(untaken)[0] == untaken
        assert helper in normalise(take(other, *asks))[1], "now it is minted"


def test_what_a_conversation_mints_stands_before_the_root_that_needs_it() -> None:
    """A list ties the making of assistants to one that is more than a root."""
    server = Server(1)
    helper, other = server.id("asst_"), server.id("asst_")
    lists = get("/assistants", {"data": [{"id": helper}]})
    makes = post("/assistants", {"id": other, "thread_id": server.id("thread_")})
    cassette = normal(lists, makes, get(f"/assistants/{helper}", {"id": helper}))
    assert paths(cassette)[-1] == "GET /assistants/asst_000000000000000000000001"
    untaken = cassette.model_copy(update={"take": None})
    assert normalise(untaken)[0] == untaken


def test_what_is_created_stands_before_every_answer_that_names_it() -> None:
    made, helper = assistant(Server(1), "z")
    names = post(f"/threads/{OWN}/messages", {"assistant_id": helper}, {"a": 1})
    assert paths(normal(made, names)) == ["POST /assistants", f"POST /threads/{OWN}/messages"]


def test_conversations_that_differ_in_their_assistants_only_have_one_order() -> None:
    def recording(seed: int, names: str) -> str:
        server = Server(seed)
        helpers = [assistant(server, name) for name in "abc"]
        loops = {name: tool_loop(server, Plan(), id_) for name, (_, id_) in zip("abc", helpers, strict=True)}
        return above(normal(*(made for made, _ in helpers), *one_after_the_other(loops[name] for name in names)))

    assert recording(1, "abc") == recording(2, "cab") == recording(3, "bca")


def test_uploads_that_are_alike_are_told_apart_by_what_uses_them() -> None:
    def recording(seed: int, order: tuple[int, int]) -> str:
        server = Server(seed)
        files = [server.id("file-") for _ in order]
        uploads = [post("/files", {"id": file}, "the same") for file in files]
        stores = [
            post("/vector_stores", {"id": server.id("vs_")}, {"name": name, "file_ids": [files[place]]})
            for place, name in enumerate("xy")
        ]
        return above(normal(*(uploads[place] for place in order), *(stores[place] for place in order)))

    assert recording(1, (0, 1)) == recording(2, (1, 0))


def test_files_made_in_a_run_belong_to_its_conversation() -> None:
    random = Random(1)
    separate = [made_in_a_run(Server(seed)) for seed in (1, 2)]
    together = [made_in_a_run(Server(seed)) for seed in (3, 4)]
    cassette = normal(*mixed(together, random))
    assert above(cassette) == above(normal(*one_after_the_other(separate)))
    assert paths(cassette)[0] == "POST /threads"


def test_lists_of_a_collection_stand_between_what_changed_it() -> None:
    def recording(seed: int) -> list[Exchange]:
        server = Server(seed)
        (one, first), (two, second) = assistant(server, "a"), assistant(server, "a")
        return [
            get("/assistants", {"data": []}),
            one,
            get("/assistants", {"data": [{"id": first}]}),
            two,
            get("/assistants", {"data": [{"id": second}, {"id": first}]}),
            ask("DELETE", f"/assistants/{first}", {"id": first, "deleted": True}),
            get("/assistants", {"data": [{"id": second}]}),
        ]

    cassette = normal(*recording(1))
    assert above(cassette) == above(normal(*recording(2)))
    assert [path.split()[0] for path in paths(cassette)] == ["GET", "POST", "GET", "POST", "GET", "DELETE", "GET"]


def test_times_are_not_needed() -> None:
    exchanges = mixed([tool_loop(Server(1), Plan()), tool_loop(Server(2), PLANS[1])], Random(3))
    assert above(normalise(take(*exchanges, timed=False))[0]) == above(normal(*exchanges))
