"""Beginning a tool call: the event that says so, and bare tools, which begin by waiting."""

from datetime import datetime, timedelta

from executions.runlog.events import NewEvent
from objectives.call_lifecycle import complete, execute
from objectives.events import Kind, event
from objectives.models import CallKind, Execution, ToolCall
from objectives.overlaid import exposes_arguments
from objectives.plan import Offered
from objectives.shapes.shape import Json
from objectives.spelling import Prefix, spell

# The one key of the API's `callable`, by kind of call; what the model made up has none.
CALLABLE_KEYS: dict[str, str] = {
    CallKind.TOOL: "tool",
    CallKind.AGENT: "agent",
    CallKind.SKILL: "cadenyaProvidedTool",
    CallKind.SEARCH: "cadenyaProvidedTool",
}


def callable_of(call: ToolCall) -> Json:
    """What was called, as the API writes it: one variant, or nothing for what there is not."""
    key = CALLABLE_KEYS.get(call.kind)
    return {"type": key, key: call.callable} if key else {}


def called_event(call: ToolCall, offered: Offered, *, now: datetime) -> NewEvent:
    """Says that a call begins."""
    payload: Json = {"toolCallId": spell(Prefix.TOOL_CALL, call.id), "arguments": call.arguments}
    if variant := callable_of(call):
        payload["tool"] = variant
    if call.config:
        payload["config"] = call.config
    if exposes_arguments(offered.overlays):
        payload["argumentsExposedInWidgets"] = True
    return event(Kind.CALLED, payload, now=now, window_id=call.step.window_id)


def begin_bare(call: ToolCall, offered: Offered, *, now: datetime) -> list[NewEvent]:
    """Begin a locked call of a bare tool: it waits for its content, or has the one that is always given.

    Returns the events for the caller to append, in the transaction of whatever made the call runnable.
    """
    begun = called_event(call, offered, now=now)
    always = offered.config.get("alwaysSetResult")
    if always is not None:
        call.started_at = now
        call.save(update_fields=["started_at"])
        return [begun, complete(call, [{"type": "text", "text": always}], now=now)]
    if offered.content_seconds is not None:
        call.content_expires_at = now + timedelta(seconds=offered.content_seconds)
    execute(call, Execution.WAITING_FOR_CONTENT, now=now, also=["content_expires_at"])
    return [begun]
