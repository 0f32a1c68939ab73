"""The Assistants API: its routes (https://platform.openai.com/docs/api-reference/assistants)."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """A route: `scope` may use the variables of the path; empty where the answer names it by an id.

    `mints` are the prefixes that this id may have, separated by spaces.
    """

    method: str
    path: str
    kind: str
    scope: str = ""
    mints: str = ""
    collection: str = ""


_THREAD = "{thread}"


def _resource(path: str, variable: str, prefixes: str) -> tuple[Row, ...]:
    """The five routes of a resource that lives on its own: create, list, retrieve, modify, delete."""
    collection = path.removeprefix("/")
    one, scope = f"{path}/{{{variable}}}", f"{{{variable}}}"
    return (
        Row("POST", path, "write", mints=prefixes, collection=collection),
        Row("GET", path, "read", scope=collection),
        Row("GET", one, "read", scope=scope),
        Row("POST", one, "write", scope=scope, collection=collection),
        Row("DELETE", one, "write", scope=scope, collection=collection),
    )


ROUTES: tuple[Row, ...] = (
    *_resource("/assistants", "assistant", "asst_"),
    # Threads. All that happens under a thread is one scope: a completed run never comes with an empty list of steps.
    Row("POST", "/threads/runs", "write", mints="thread_"),
    Row("POST", "/threads", "write", mints="thread_"),
    Row("GET", "/threads/{thread}", "read", _THREAD),
    Row("POST", "/threads/{thread}", "write", _THREAD),
    Row("DELETE", "/threads/{thread}", "write", _THREAD),
    Row("GET", "/threads/{thread}/messages", "read", _THREAD),
    Row("POST", "/threads/{thread}/messages", "write", _THREAD, mints="msg_"),
    Row("GET", "/threads/{thread}/messages/{message}", "read", _THREAD),
    Row("POST", "/threads/{thread}/messages/{message}", "write", _THREAD),
    Row("DELETE", "/threads/{thread}/messages/{message}", "write", _THREAD),
    Row("GET", "/threads/{thread}/runs", "read", _THREAD),
    Row("POST", "/threads/{thread}/runs", "write", _THREAD, mints="run_"),
    Row("GET", "/threads/{thread}/runs/{run}", "read", _THREAD),
    Row("POST", "/threads/{thread}/runs/{run}", "write", _THREAD),
    Row("POST", "/threads/{thread}/runs/{run}/submit_tool_outputs", "write", _THREAD),
    Row("POST", "/threads/{thread}/runs/{run}/cancel", "write", _THREAD),
    Row("GET", "/threads/{thread}/runs/{run}/steps", "read", _THREAD),
    Row("GET", "/threads/{thread}/runs/{run}/steps/{step}", "read", _THREAD),
    # Files and vector stores.
    *_resource("/files", "file", "file- file_ assistant-"),  # assistant-: Azure OpenAI
    Row("GET", "/files/{file}/content", "read", "{file}"),
    *_resource("/vector_stores", "vector_store", "vs_"),
    Row("GET", "/vector_stores/{vector_store}/files", "read", "{vector_store}"),
    Row("POST", "/vector_stores/{vector_store}/files", "write", "{vector_store}"),
    Row("GET", "/vector_stores/{vector_store}/files/{file}", "read", "{vector_store}"),
    Row("POST", "/vector_stores/{vector_store}/files/{file}", "write", "{vector_store}"),
    Row("GET", "/vector_stores/{vector_store}/files/{file}/content", "read", "{vector_store}"),
    Row("DELETE", "/vector_stores/{vector_store}/files/{file}", "write", "{vector_store}"),
    Row("POST", "/vector_stores/{vector_store}/search", "call"),
    Row("GET", "/vector_stores/{vector_store}/file_batches/{batch}", "read", "{vector_store}"),
    Row("GET", "/vector_stores/{vector_store}/file_batches/{batch}/files", "read", "{vector_store}"),
    Row("POST", "/vector_stores/{vector_store}/file_batches", "write", "{vector_store}"),
    Row("POST", "/vector_stores/{vector_store}/file_batches/{batch}/cancel", "write", "{vector_store}"),
)
