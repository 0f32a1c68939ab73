"""The routes of the API: which request is which handler's.

They are those of the OpenAI API reference (Assistants v2, Files). The base of a path (`/v1`,
`/openai/deployments/{d}` …) is cut off first, so the spellings of OpenAI, Azure and AI Foundry are one route.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from . import errors
from . import file_handlers as files
from . import run_handlers as runs
from . import thread_handlers as threads
from .requests import Handler

BASE = re.compile(r"/openai/deployments/[^/]+|/api/projects/[^/]+|/openai/v1|/openai|/v1")


def route(method: str, path: str) -> tuple[Handler, Mapping[str, str]]:
    """The handler of a request and the ids in its path; raises the API's 404 or 405."""
    base = BASE.match(path)
    rest = path[base.end() :] if base else path
    fits = [(allowed, handler, found) for allowed, pattern, handler in ROUTES if (found := pattern.fullmatch(rest))]
    for allowed, handler, found in fits:
        if allowed == method:
            return handler, found.groupdict()
    raise (errors.invalid_method if fits else errors.invalid_url)(method, path)


def _route(method: str, path: str, handler: Handler) -> tuple[str, re.Pattern[str], Handler]:
    return method, re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path)), handler


ASSISTANT = "/assistants/{assistant_id}"
THREAD = "/threads/{thread_id}"
MESSAGE = THREAD + "/messages/{message_id}"
RUN = THREAD + "/runs/{run_id}"
FILE = "/files/{file_id}"

ROUTES = [
    _route("POST", "/assistants", threads.create_assistant),
    _route("GET", "/assistants", threads.list_assistants),
    _route("GET", ASSISTANT, threads.retrieve_assistant),
    _route("POST", ASSISTANT, threads.modify_assistant),
    _route("DELETE", ASSISTANT, threads.delete_assistant),
    _route("POST", "/threads", threads.create_thread),
    _route("POST", "/threads/runs", runs.create_thread_and_run),
    _route("GET", THREAD, threads.retrieve_thread),
    _route("POST", THREAD, threads.modify_thread),
    _route("DELETE", THREAD, threads.delete_thread),
    _route("POST", f"{THREAD}/messages", threads.create_message),
    _route("GET", f"{THREAD}/messages", threads.list_messages),
    _route("GET", MESSAGE, threads.retrieve_message),
    _route("POST", MESSAGE, threads.modify_message),
    _route("DELETE", MESSAGE, threads.delete_message),
    _route("POST", f"{THREAD}/runs", runs.create_run),
    _route("GET", f"{THREAD}/runs", runs.list_runs),
    _route("GET", RUN, runs.retrieve_run),
    _route("POST", RUN, runs.modify_run),
    _route("POST", f"{RUN}/cancel", runs.cancel_run),
    _route("POST", f"{RUN}/submit_tool_outputs", runs.submit_tool_outputs),
    _route("GET", f"{RUN}/steps", runs.list_steps),
    _route("GET", RUN + "/steps/{step_id}", runs.retrieve_step),
    _route("POST", "/files", files.upload_file),
    _route("GET", "/files", files.list_files),
    _route("GET", FILE, files.retrieve_file),
    _route("GET", f"{FILE}/content", files.file_content),
    _route("DELETE", FILE, files.delete_file),
]
