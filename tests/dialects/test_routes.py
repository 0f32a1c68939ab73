from __future__ import annotations

import pytest

from toolreel.dialects.assistants import ROUTES
from toolreel.dialects.routes import Kind, route

READ, WRITE, CALL = Kind.READ, Kind.WRITE, Kind.CALL


@pytest.mark.parametrize(
    ("request_line", "kind", "scope", "mints"),
    [
        ("POST /threads", WRITE, None, "thread_"),
        ("POST /threads/runs", WRITE, None, "thread_"),
        ("GET /threads/t1", READ, "t1", None),
        ("POST /threads/t1", WRITE, "t1", None),
        ("DELETE /threads/t1", WRITE, "t1", None),
        ("GET /threads/t1/messages", READ, "t1", None),
        ("POST /threads/t1/messages", WRITE, "t1", "msg_"),
        ("GET /threads/t1/messages/m1", READ, "t1", None),
        ("DELETE /threads/t1/messages/m1", WRITE, "t1", None),
        ("POST /threads/t1/runs", WRITE, "t1", "run_"),
        ("GET /threads/t1/runs", READ, "t1", None),
        ("GET /threads/t1/runs/r1", READ, "t1", None),
        ("POST /threads/t1/runs/r1", WRITE, "t1", None),
        ("POST /threads/t1/runs/r1/submit_tool_outputs", WRITE, "t1", None),
        ("POST /threads/t1/runs/r1/cancel", WRITE, "t1", None),
        ("GET /threads/t1/runs/r1/steps", READ, "t1", None),
        ("GET /threads/t1/runs/r1/steps/s1", READ, "t1", None),
        ("POST /assistants", WRITE, None, "asst_"),
        ("GET /assistants", READ, "assistants", None),
        ("GET /assistants/a1", READ, "a1", None),
        ("DELETE /assistants/a1", WRITE, "a1", None),
        ("POST /files", WRITE, None, "file- file_ assistant-"),
        ("GET /files/f1/content", READ, "f1", None),
        ("GET /vector_stores/v1/files/f1", READ, "v1", None),
        ("POST /vector_stores/v1/file_batches", WRITE, "v1", None),
        ("POST /vector_stores/v1/search", CALL, None, None),
        ("POST /chat/completions", CALL, None, None),
        ("POST /embeddings", CALL, None, None),
        ("PUT /threads/t1", CALL, None, None),
        ("GET /models/gpt-4o", READ, "/models/gpt-4o", None),
        ("HEAD /anything", READ, "/anything", None),
        ("GET /threads/t1/", READ, "/threads/t1/", None),
        ("GET /threads", READ, "/threads", None),
        ("POST /threads/t1/runs/r1/steps/s1", CALL, None, None),
        ("get /threads/t1", CALL, None, None),
    ],
)
def test_a_request_takes_its_route(request_line: str, kind: Kind, scope: str | None, mints: str | None) -> None:
    routed = route(*request_line.split(" "))
    assert (routed.kind, routed.scope, routed.mints) == (kind, scope, mints)


@pytest.mark.parametrize(
    ("request_line", "collection"),
    [
        ("POST /assistants", "assistants"),
        ("DELETE /assistants/a1", "assistants"),
        ("POST /assistants/a1", "assistants"),
        ("POST /files", "files"),
        ("DELETE /vector_stores/v1", "vector_stores"),
        ("GET /assistants", None),
        ("POST /threads", None),
        ("DELETE /threads/t1", None),
    ],
)
def test_what_changes_a_collection_says_so(request_line: str, collection: str | None) -> None:
    assert route(*request_line.split(" ")).collection == collection


def test_a_list_of_a_collection_is_told_from_other_reads() -> None:
    assert route("GET", "/assistants").lists
    assert not route("GET", "/assistants/a1").lists
    assert not route("GET", "/threads/t1/runs").lists
    assert not route("POST", "/assistants").lists


def test_every_route_of_the_table_is_reached() -> None:
    for row in ROUTES:
        path = row.path.replace("{", "").replace("}", "_1")
        assert (route(row.method, path).name, route(row.method, path).kind) == (row.path, row.kind), row
