"""Beginning a tool call: the event that says so, and bare tools, which begin by waiting."""

from datetime import datetime, timedelta

from executions.runs.event_kinds import EventKind
from executions.runs.log import NewEvent
from objectives.actions.call_results import complete_with, kept_whole
from objectives.events import call_event, callable_facts
from objectives.ids import Json
from objectives.lifecycles.calls import execute
from objectives.models import ExecutionStatus, ToolCall
from objectives.overlays.rows import exposes_arguments
from objectives.planning.plan import Offered
from objectives.tool_results.outcome import Text


def called_event(call: ToolCall, offered: Offered, *, now: datetime) -> NewEvent:
    """Says that a call begins."""
    facts: Json = {"arguments": call.arguments, **callable_facts(call)}
    if call.config:
        facts["config"] = call.config
    if exposes_arguments(offered.overlays):
        facts["exposes_arguments"] = True
    return call_event(EventKind.CALLED, call, now=now, **facts)


def begin_bare(call: ToolCall, offered: Offered, *, now: datetime) -> list[NewEvent]:
    """Begin a locked call of a bare tool: it waits for its content, or has the one that is always given.

    Returns the events for the caller to append, in the transaction of whatever made the call runnable.
    """
    begun = called_event(call, offered, now=now)
    always = offered.config.get("alwaysSetResult")
    if always is not None:
        call.started_at = now
        call.save(update_fields=["started_at"])
        # Nearly always short; where it is not, its bytes are stored here although the objective is locked.
        drafts = kept_whole([Text(always)], call.objective_id, now=now)
        return [begun, complete_with(call, drafts, now=now)]
    if offered.content_seconds is not None:
        call.content_expires_at = now + timedelta(seconds=offered.content_seconds)
    execute(call, ExecutionStatus.WAITING_FOR_CONTENT, now=now, also=["content_expires_at"])
    return [begun]
