"""Handlers for runs and their steps."""

from __future__ import annotations

from . import bodies, errors, runs
from .objects import JsonObject
from .pages import paginate
from .requests import Reply, Request, Stream, change_metadata, run_of, thread_of
from .state import World, pick
from .thread_handlers import new_thread


def create_run(world: World, request: Request) -> Reply:
    """POST /threads/{thread_id}/runs, in JSON or as a stream."""
    thread = thread_of(world, request)
    record = runs.create_run(world, thread, request.body(), request.now, new_thread=False)
    return Stream(thread, record.leg) if record.leg.streamed else record.run


def create_thread_and_run(world: World, request: Request) -> Reply:
    """POST /threads/runs, in JSON or as a stream."""
    body = request.body()
    wanted = body.pop("thread", None) or {}
    if not isinstance(wanted, dict):
        raise errors.invalid_type("thread", "an object", wanted)
    thread = new_thread(world, wanted, request.now, "thread.")
    # tool_resources of this body are the run's own wish, as in the API; a thread has its own inside `thread`.
    record = runs.create_run(world, thread, body, request.now, new_thread=True)
    world.threads[thread.thread["id"]] = thread
    return Stream(thread, record.leg) if record.leg.streamed else record.run


def list_runs(world: World, request: Request) -> JsonObject:
    """GET /threads/{thread_id}/runs."""
    return paginate([record.run for record in thread_of(world, request).runs.values()], request.query, "run")


def retrieve_run(world: World, request: Request) -> JsonObject:
    """GET /threads/{thread_id}/runs/{run_id}."""
    return run_of(world, request).run


def modify_run(world: World, request: Request) -> JsonObject:
    """POST /threads/{thread_id}/runs/{run_id}: its metadata, while it is not moving."""
    body = request.body()
    bodies.check_metadata(body)
    run = retrieve_run(world, request)
    if run["status"] in ("queued", "in_progress", "cancelling"):
        raise errors.cannot_update_run(run["status"])
    return change_metadata(run, body)


def cancel_run(world: World, request: Request) -> JsonObject:
    """POST /threads/{thread_id}/runs/{run_id}/cancel."""
    record = run_of(world, request)
    runs.cancel_run(world, thread_of(world, request), record, request.now)
    return record.run


def submit_tool_outputs(world: World, request: Request) -> Reply:
    """POST /threads/{thread_id}/runs/{run_id}/submit_tool_outputs, in JSON or as a stream."""
    body = request.body()
    record = run_of(world, request)
    thread = thread_of(world, request)
    runs.submit_tool_outputs(world, thread, record, body, request.now)
    return Stream(thread, record.leg) if record.leg.streamed else record.run


def list_steps(world: World, request: Request) -> JsonObject:
    """GET /threads/{thread_id}/runs/{run_id}/steps."""
    record = run_of(world, request)
    return paginate(record.steps, request.query, "run step")


def retrieve_step(world: World, request: Request) -> JsonObject:
    """GET /threads/{thread_id}/runs/{run_id}/steps/{step_id}."""
    record = run_of(world, request)
    return pick(record.steps, request.ids["step_id"], "run step")
