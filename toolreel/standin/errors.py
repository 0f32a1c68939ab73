"""The error answers of the API, with its own wording.

Every body is `{"error": {"message", "type", "param", "code"}}`. Wordings come from the error table of the recorded
wire and, where no recording holds the case, from messages that users of the real API quote in public issues.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .objects import JsonObject

TYPE_NAMES: dict[type, str] = {
    bool: "a boolean",
    int: "an integer",
    float: "a decimal number",
    str: "a string",
    list: "an array",
    dict: "an object",
    type(None): "null",
}

KEY_PAGE = "https://platform.openai.com/account/api-keys"


class ApiError(Exception):
    """An answer with an error status; `body()` is what goes over the wire."""

    def __init__(self, status: int, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code

    def body(self) -> JsonObject:
        """The JSON body, in recorded field order."""
        return {
            "error": {
                "message": self.message,
                "type": "invalid_request_error",
                "param": self.param,
                "code": self.code,
            }
        }


def not_found(kind: str, object_id: str) -> ApiError:
    """404 for an id nobody holds; `kind` as users read it: `thread`, `run step` …"""
    return ApiError(404, f"No {kind} found with id '{object_id}'.")


def no_such_file(file_id: str) -> ApiError:
    """404 of the Files API, which words it differently from the rest."""
    return ApiError(404, f"No such File object: {file_id}", param="id")


def invalid_url(method: str, path: str) -> ApiError:
    """404 for a path that is no route; `path` is the whole one, with its base."""
    return ApiError(404, f"Invalid URL ({method} {path})")


def invalid_method(method: str, path: str) -> ApiError:
    """405 for a known path with a method it does not take."""
    return ApiError(405, f"Invalid method for URL ({method} {path})")


def unreadable_body() -> ApiError:
    """400 for a body that is not a JSON object."""
    return ApiError(
        400,
        "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP"
        " library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have"
        " trouble figuring out how to fix this, please contact us through our help center at help.openai.com.)",
    )


def missing_key() -> ApiError:
    """401 for a request without any key."""
    return ApiError(
        401,
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth"
        " (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing"
        " the API from your browser and are prompted for a username and password. You can obtain an API key from"
        f" {KEY_PAGE}.",
    )


def refused_key(key: str) -> ApiError:
    """401 for a key the script refuses; the message shows it masked."""
    message = f"Incorrect API key provided: {masked(key)}. You can find your API key at {KEY_PAGE}."
    return ApiError(401, message, code="invalid_api_key")


def masked(key: str) -> str:
    """A key as the API quotes it: eight characters, stars, four characters; short ones stand as they are."""
    return key if len(key) <= 12 else key[:8] + "*" * (len(key) - 12) + key[-4:]


def missing_parameter(param: str) -> ApiError:
    """400 for a required field that is not there."""
    return ApiError(400, f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


def invalid_type(param: str, expected: str, value: Any) -> ApiError:
    """400 for a field of the wrong JSON type; `expected` with its article: `a string`."""
    got = TYPE_NAMES.get(type(value), "an unknown type")
    message = f"Invalid type for '{param}': expected {expected}, but got {got} instead."
    return ApiError(400, message, param=param, code="invalid_type")


def invalid_value(param: str, value: str, supported: Sequence[str]) -> ApiError:
    """400 for a string that is none of the supported ones."""
    *head, last = [f"'{name}'" for name in supported]
    listed = f"{', '.join(head)} and {last}" if head else last
    return ApiError(
        400, f"Invalid value: '{value}'. Supported values are: {listed}.", param=param, code="invalid_value"
    )


def invalid_limit(value: str) -> ApiError:
    """400 for a page size that is no integer from 1 to 100."""
    if not re.fullmatch("-?[0-9]+", value):
        message = f"Invalid type for 'limit': expected an integer, but got '{value}' instead."
        return ApiError(400, message, param="limit", code="invalid_type")
    high = not value.startswith("-") and value.strip("0") != ""
    side, sign, bound = ("above maximum", "<=", 100) if high else ("below minimum", ">=", 1)
    message = f"Invalid 'limit': integer {side} value. Expected a value {sign} {bound}, but got {value} instead."
    return ApiError(400, message, param="limit", code=f"integer_{side.split()[0]}_{'max' if high else 'min'}_value")


def run_without_message() -> ApiError:
    """400 for a run that nobody asked anything."""
    message = "Run creation requires a Thread with a user message or an assistant with instructions."
    return ApiError(400, message, code="invalid_thread")


def active_run(thread_id: str, run_id: str) -> ApiError:
    """400 for a second run on a thread."""
    return ApiError(400, f"Thread {thread_id} already has an active run {run_id}.")


def thread_locked(thread_id: str, run_id: str) -> ApiError:
    """400 for a message to a thread whose run is not over."""
    return ApiError(400, f"Can't add messages to {thread_id} while a run {run_id} is active.")


def no_outputs_wanted(status: str) -> ApiError:
    """400 for a submission to a run that does not wait for one."""
    return ApiError(400, f'Runs in status "{status}" do not accept tool outputs.')


def other_outputs_wanted(expected: Sequence[str], got: Sequence[str]) -> ApiError:
    """400 for a submission that does not answer exactly the calls of the run."""
    return ApiError(400, f"Expected tool outputs for call_ids {list(expected)}, got {list(got)}")


def cannot_update_run(status: str) -> ApiError:
    """400 for a modification of a run that is still moving."""
    return ApiError(400, f"Cannot update run with status '{status}'.")


def cannot_cancel_run(status: str) -> ApiError:
    """400 for cancelling a run that is over, or is being cancelled."""
    return ApiError(400, f"Cannot cancel run with status '{status}'.")
