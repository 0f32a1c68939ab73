"""What moves a run: creating it, submitting tool outputs, cancelling. No I/O; the time is an argument."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from toolreel.dialects.run_endings import RunEnd, latest

from . import bodies, errors, events, objects
from .events import Spent, Timeline
from .model import Answer, Calls, next_turn
from .objects import JsonObject, count_tokens, message_text, usage
from .script import Failure, choose
from .state import Leg, RunRecord, ThreadRecord, World


def create_run(world: World, thread: ThreadRecord, body: JsonObject, now: float, *, new_thread: bool) -> RunRecord:
    """Create a run on a thread; `new_thread` if the same request created that (its stream then begins with it).

    The run's record comes back queued, its first leg planned. Raises ApiError as the API does.
    """
    bodies.check_common(body)
    streamed = bodies.flag(body, "stream")
    additional = bodies.messages(body, "additional_messages")
    helper = world.assistant(bodies.string(body, "assistant_id"))
    thread_id = thread.thread["id"]
    if active := thread.active_run():
        raise errors.active_run(thread_id, active.run["id"])
    run = objects.run(world.mint("run_"), now, thread_id, helper, body)
    asked = any(message["role"] == "user" for message in [*thread.messages, *additional])
    if not asked and not run["instructions"]:
        raise errors.run_without_message()
    for message in additional:
        add_message(world, thread, message, now)
    record = RunRecord(run, choose(world.script, _latest_user_text(thread)), Leg(streamed))
    thread.runs[run["id"]] = record
    line = Timeline(now, 0)
    events.opening(line, run, thread.thread if new_thread else None)
    thread.play(record, line.beats)
    _plan_turn(world, thread, record, now)
    return record


def add_message(world: World, thread: ThreadRecord, body: JsonObject, now: float) -> JsonObject:
    """Append a message (a checked create body) to a thread."""
    message = objects.message(world.mint("msg_"), now, thread.thread["id"], body)
    thread.messages.append(message)
    return message


def _latest_user_text(thread: ThreadRecord) -> str:
    spoken = (message_text(message) for message in reversed(thread.messages) if message["role"] == "user")
    return next(spoken, "")


def submit_tool_outputs(world: World, thread: ThreadRecord, record: RunRecord, body: JsonObject, now: float) -> None:
    """Answer the calls of a waiting run: it is queued again, and its next leg planned. Raises ApiError."""
    streamed = bodies.flag(body, "stream")
    submitted = bodies.tool_outputs(body)
    run = record.run
    if run["status"] != "requires_action":
        raise errors.no_outputs_wanted(run["status"])
    calls = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    expected, got = [call["id"] for call in calls], [call_id for call_id, _ in submitted]
    if sorted(expected) != sorted(got):
        raise errors.other_outputs_wanted(expected, got)
    outputs = dict(submitted)
    record.done += [(call["function"]["name"], outputs[call["id"]]) for call in calls]
    record.rounds_done += 1
    record.leg = Leg(streamed)
    arguments = [call["function"]["name"] + call["function"]["arguments"] for call in calls]
    line = Timeline(now, 0)
    spent = usage(_prompt_tokens(thread, record), count_tokens(*arguments))
    events.resubmission(line, run, record.steps[-1], outputs, spent)
    thread.play(record, line.beats)
    _plan_turn(world, thread, record, now)


def cancel_run(world: World, thread: ThreadRecord, record: RunRecord, now: float) -> None:
    """Begin to cancel a run that is not over. Raises ApiError."""
    if record.run["status"] not in ("queued", "in_progress", "requires_action"):
        raise errors.cannot_cancel_run(record.run["status"])
    record.leg.pending.clear()
    line = Timeline(now, 0)
    events.cancelling(line, record.run)
    thread.play(record, line.beats)
    later = Timeline(now, 0)
    later.wait(world.script.timing.cancel_ms)
    open_steps = [step for step in record.steps if step["status"] == "in_progress"]
    open_messages = [message for message in thread.messages if message["status"] == "in_progress"]
    events.cancelled(later, record.run, [*open_messages, *open_steps], record.usage())
    record.leg.pending.extend(later.beats)


def end_run(thread: ThreadRecord, record: RunRecord, end: RunEnd, told: Mapping[str, JsonObject]) -> None:
    """End a run as a fault says, with the steps and messages that were not finished, as a stream `told` of them."""
    run, at = record.run, latest(record.run)
    record.leg.pending.clear()
    for step in record.steps:
        if step["status"] == "in_progress":
            step.update(told.get(step["id"]) or end.of_step(step, at)[1])
    for message in thread.messages:
        if message["run_id"] == run["id"] and message["status"] == "in_progress":
            message.update(told.get(message["id"]) or end.of_message(message, at)[1])
    run.update(end.of(run))


def _plan_turn(world: World, thread: ThreadRecord, record: RunRecord, now: float) -> None:
    """Put what the model does next into the leg's queue, from leaving the queue to the next rest."""
    timing, run = world.script.timing, record.run
    line = Timeline(now, timing.frame_ms if record.leg.streamed else 0)
    line.wait(timing.queued_ms)
    events.start(line, run)
    turn = next_turn(record.part, run, record.done, record.rounds_done)
    line.wait(timing.tools_ms if isinstance(turn, Calls) else timing.answer_ms)
    match turn:
        case Calls():
            wanted = [objects.tool_call(world.mint("call_"), name, arguments) for name, arguments in turn.calls]
            details = {"type": "tool_calls", "tool_calls": []}
            events.calls(line, run, objects.run_step(world.mint("step_"), now, run, details), wanted)
        case Answer():
            _plan_answer(world, thread, record, line, turn)
        case Failure():
            events.failure(line, run, turn, record.usage())
        case _:
            assert_never(turn)
    record.leg.pending.extend(line.beats)


def _plan_answer(world: World, thread: ThreadRecord, record: RunRecord, line: Timeline, turn: Answer) -> None:
    message = objects.answer_message(world.mint("msg_"), line.now, record.run)
    details = {"type": "message_creation", "message_creation": {"message_id": message["id"]}}
    step = objects.run_step(world.mint("step_"), line.now, record.run, details)
    spent = usage(_prompt_tokens(thread, record), count_tokens(turn.text))
    total = objects.total_usage([record.usage(), spent])
    events.answer(line, record.run, step, message, turn, Spent(spent, total))


def _prompt_tokens(thread: ThreadRecord, record: RunRecord) -> int:
    """What the model has read so far: instructions, tools, messages, outputs."""
    texts = [message_text(message) for message in thread.messages]
    outputs = [output for _, output in record.done]
    return count_tokens(record.run["instructions"] or "", objects.compact(record.run["tools"]), *texts, *outputs)
