"""Handlers for assistants, threads and messages."""

from __future__ import annotations

from . import bodies, errors, objects, runs
from .objects import JsonObject, json_view
from .pages import paginate
from .requests import Request, change_metadata, thread_of
from .state import ThreadRecord, World, pick


def create_assistant(world: World, request: Request) -> JsonObject:
    """POST /assistants."""
    body = request.body()
    bodies.string(body, "model")
    bodies.check_common(body)
    created = objects.assistant(world.mint("asst_"), request.now, body)
    world.assistants[created["id"]] = created
    return created


def retrieve_assistant(world: World, request: Request) -> JsonObject:
    """GET /assistants/{assistant_id}."""
    return world.assistant(request.ids["assistant_id"])


def modify_assistant(world: World, request: Request) -> JsonObject:
    """POST /assistants/{assistant_id}."""
    body = request.body()
    bodies.check_common(body)
    old = retrieve_assistant(world, request)
    changed = {**old, **body, "model": body.get("model") or old["model"]}
    old.update(objects.assistant(old["id"], old["created_at"], changed))
    return old


def list_assistants(world: World, request: Request) -> JsonObject:
    """GET /assistants."""
    return paginate(list(world.assistants.values()), request.query, "assistant")


def delete_assistant(world: World, request: Request) -> JsonObject:
    """DELETE /assistants/{assistant_id}."""
    return objects.deleted(world.assistants.pop(retrieve_assistant(world, request)["id"]))


def new_thread(world: World, body: JsonObject, now: float, param: str = "") -> ThreadRecord:
    """A thread from a create body, not yet in the world; `param` is the path that errors begin with."""
    bodies.check_common(body)
    messages = bodies.messages(body, "messages", f"{param}messages")
    record = ThreadRecord(objects.thread(world.mint("thread_"), now, body))
    for message in messages:
        runs.add_message(world, record, message, now)
    return record


def create_thread(world: World, request: Request) -> JsonObject:
    """POST /threads."""
    record = new_thread(world, request.body(), request.now)
    world.threads[record.thread["id"]] = record
    return record.thread


def retrieve_thread(world: World, request: Request) -> JsonObject:
    """GET /threads/{thread_id}."""
    return thread_of(world, request).thread


def modify_thread(world: World, request: Request) -> JsonObject:
    """POST /threads/{thread_id}."""
    body = request.body()
    bodies.check_common(body)
    old = thread_of(world, request).thread
    old.update(objects.thread(old["id"], old["created_at"], {**old, **body}))
    return old


def delete_thread(world: World, request: Request) -> JsonObject:
    """DELETE /threads/{thread_id}."""
    return objects.deleted(world.threads.pop(retrieve_thread(world, request)["id"]).thread)


def create_message(world: World, request: Request) -> JsonObject:
    """POST /threads/{thread_id}/messages."""
    body = request.body()
    bodies.check_message(body)
    thread = thread_of(world, request)
    if active := thread.active_run():
        raise errors.thread_locked(thread.thread["id"], active.run["id"])
    return json_view(runs.add_message(world, thread, body, request.now))


def list_messages(world: World, request: Request) -> JsonObject:
    """GET /threads/{thread_id}/messages; `run_id` leaves only the messages of that run."""
    messages = thread_of(world, request).messages
    if run_id := request.query.get("run_id"):
        messages = [message for message in messages if message["run_id"] == run_id]
    return paginate(messages, request.query, "message")


def _message(world: World, request: Request) -> JsonObject:
    return pick(thread_of(world, request).messages, request.ids["message_id"], "message")


def retrieve_message(world: World, request: Request) -> JsonObject:
    """GET /threads/{thread_id}/messages/{message_id}."""
    return json_view(_message(world, request))


def modify_message(world: World, request: Request) -> JsonObject:
    """POST /threads/{thread_id}/messages/{message_id}: its metadata."""
    message = _message(world, request)
    return json_view(change_metadata(message, request.body()))


def delete_message(world: World, request: Request) -> JsonObject:
    """DELETE /threads/{thread_id}/messages/{message_id}."""
    message = _message(world, request)
    thread_of(world, request).messages.remove(message)
    return objects.deleted(message)
