"""Events of objectives as they stood in logs before: read as if they were written today.

Decision: logs stay as they were written, as millions of rows are not rewritten for a release. Up to version
1 an event's payload was the workspace API's JSON; whoever reads such a row puts it into facts first.
"""

from collections.abc import Callable, Iterable

from django.db.models import Q

from executions.runs.event_kinds import EventKind
from executions.runs.models import RunEvent
from objectives.events import VERSION, identity_facts
from objectives.ids import Json, Prefix, raw, read
from objectives.models import ObjectiveState

# The kinds that were called otherwise.
_KINDS: dict[str, EventKind] = {
    "text.added": EventKind.TEXT,
    "tool_call.approval_requested": EventKind.APPROVAL_REQUESTED,
    "tool_call.approved": EventKind.APPROVED,
    "tool_call.denied": EventKind.DENIED,
    "tool_call.started": EventKind.CALLED,
    "tool_call.completed": EventKind.RETURNED,
    "tool_call.failed": EventKind.RETURNED,
    "sub_agent.spawned": EventKind.SUB_OBJECTIVE_STARTED,
    "sub_agent.updated": EventKind.SUB_OBJECTIVE_FINISHED,
}


def stored(kinds: Iterable[str]) -> set[str]:
    """The names under which events of these kinds stand in logs."""
    wanted = set(kinds)
    return wanted | {former for former, kind in _KINDS.items() if kind in wanted}


def of_window(window: str) -> Q:
    """The events of a context window, of which the API's spelling is given."""
    window_id = read(Prefix.WINDOW, window)
    former = Q(data__contextWindowId=window)
    return former if window_id is None else former | Q(data__context_window_id=str(window_id))


def present(row: RunEvent) -> RunEvent:
    """The event in the words of today: itself, or one like it that must not be saved."""
    if row.version >= VERSION:
        return row
    kind, facts = upcast(row.kind, row.data)
    return RunEvent(
        run_id=row.run_id,
        seq=row.seq,
        event_id=row.event_id,
        kind=kind,
        version=VERSION,
        data=facts,
        at=row.at,
    )


def upcast(kind: str, data: Json) -> tuple[str, Json]:
    """Kind and payload in the words of today; texts and restarts have always been facts."""
    name = data.get("type")
    if not isinstance(name, str) or name not in data:
        return _KINDS.get(kind, kind), data
    beside: Json = {}
    if window := data.get("contextWindowId"):
        beside["context_window_id"] = raw(window)
    if "profileId" in data:
        beside["caused_by"] = raw(data["profileId"])
    if "startedAt" in data:
        beside["started_at"] = data["startedAt"]
    return _KINDS.get(kind, kind), {**_FACTS.get(name, dict)(data[name]), **beside}


def _renamed(payload: Json, **names: str) -> Json:
    return {ours: payload[theirs] for theirs, ours in names.items() if theirs in payload}


def _state_changed(payload: Json) -> Json:
    came_from, state = (
        payload[key].removeprefix("OBJECTIVE_STATE_").lower() for key in ("fromState", "toState")
    )
    came_from = None if came_from == "unspecified" else came_from
    return {"from_state": came_from, "state": state, **_renamed(payload, message="message")}


def _response(payload: Json) -> Json:
    facts = _renamed(payload, content="content", finishReason="finish_reason", partial="is_partial")
    if "usage" in payload:
        facts["usage"] = _renamed(
            payload["usage"],
            inputTokens="input_tokens",
            outputTokens="output_tokens",
            cacheReadInputTokens="cache_read_tokens",
            cacheWriteInputTokens="cache_write_tokens",
            reasoningOutputTokens="reasoning_tokens",
        )
    if "model" in payload:
        facts["model"] = identity_facts(payload["model"])
    calls = payload["toolCalls"]
    facts["tool_calls"] = [
        {**_of_call(call), **_renamed(call, functionName="name", arguments="arguments")} for call in calls
    ]
    return facts


def _of_call(payload: Json) -> Json:
    """Which call it is and, where that was said, what it called."""
    facts: Json = {"call_id": raw(payload["toolCallId"])}
    if variant := payload.get("tool"):
        # Whether what Callboard brings itself was a skill was not said.
        kind = "provided" if variant["type"] == "cadenyaProvidedTool" else variant["type"]
        facts["callable"] = {"kind": kind, **identity_facts(variant[variant["type"]])}
    return facts


def _decided(payload: Json) -> Json:
    return {**_of_call(payload), **_renamed(payload, memo="memo")}


def _called(payload: Json) -> Json:
    names = {"arguments": "arguments", "config": "config", "argumentsExposedInWidgets": "exposes_arguments"}
    return {**_of_call(payload), **_renamed(payload, **names)}


def _result(payload: Json) -> Json:
    return {**_of_call(payload), "is_error": False, "content": payload["result"]["content"]}


def _error(payload: Json) -> Json:
    return {**_of_call(payload), "is_error": True, "summary": payload["message"]}


def _compacted(payload: Json) -> Json:
    return {
        "sequence": payload["newContextWindow"]["sequence"],
        "strategies": payload["strategies"],
        "message_count": payload["messagesCompacted"],
        "summary": payload.get("summary", ""),
    }


def _spawned(payload: Json) -> Json:
    agent, child = identity_facts(payload["agent"]), raw(payload["objective"]["id"])
    return {"objective_id": child, "agent": agent, "task": payload["task"]}


def _updated(payload: Json) -> Json:
    return {
        "objective_id": raw(payload["objective"]["id"]),
        "state": _STATES[payload["status"]],
        "agent": identity_facts(payload["agent"]),
        **_renamed(payload, message="message"),
    }


_STATES = {
    "STATUS_COMPLETED": ObjectiveState.FINALIZED.value,
    "STATUS_CANCELLED": ObjectiveState.CANCELLED.value,
    "STATUS_FAILED": ObjectiveState.FAILED.value,
}


def _notice(payload: Json) -> Json:
    names = {"message": "message", "since": "since", "nextTryAt": "next_try_at", "errorType": "error_type"}
    return _renamed(payload, **names)


def _failed(payload: Json) -> Json:
    return {"error_type": payload["type"], "message": payload["message"]}


# By the type in the API; payloads of the others were facts already.
_FACTS: dict[str, Callable[[Json], Json]] = {
    "stateChanged": _state_changed,
    "assistantMessage": _response,
    "toolApprovalRequested": _decided,
    "toolApproved": _decided,
    "toolDenied": _decided,
    "toolCalled": _called,
    "toolResult": _result,
    "toolError": _error,
    "contextWindowCompacted": _compacted,
    "subAgentSpawned": _spawned,
    "subAgentUpdated": _updated,
    "notice": _notice,
    "error": _failed,
}
