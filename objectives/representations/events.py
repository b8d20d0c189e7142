"""The events of an objective as the workspace API shows them: its JSON is made here, and nowhere else.

Members of payloads stand in the order in which PostgreSQL keeps those of a `jsonb`, shortest first: so
clients got them as long as the log held this JSON.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from executions.runs.event_kinds import EventKind
from executions.runs.models import RunEvent
from objectives.client_versions import Dialect
from objectives.events import IDENTITY
from objectives.former_events import present
from objectives.ids import Json, Prefix, spell, wire_moment
from objectives.models import CallKind, Objective, ObjectiveState
from objectives.representations.reader import Viewer
from objectives.schemas.history import EventInfo, ObjectiveEvent
from objectives.schemas.metadata import OperationMetadata
from objectives.schemas.toolcalls import CALLABLE_KEYS
from objectives.tool_results.blocks import show_blocks
from spaces.ids import parse_uuid


def told_to(dialect: Dialect) -> frozenset[str]:
    """The kinds of events that a client is told of."""
    return frozenset(kind for kind, (name, _) in _SHOWN.items() if dialect.knows_event(name))


def type_of(event: RunEvent) -> str:
    """The type in the API of an event that it shows."""
    return "toolError" if event.data.get("is_error") else _SHOWN[event.kind][0]


def show_events(
    objective: Objective, rows: Sequence[RunEvent], *, reader: Viewer, now: datetime, with_info: bool
) -> list[ObjectiveEvent]:
    """These events of one objective, in this order."""
    events = [present(row) for row in rows]
    about = OperationMetadata.of(objective, Prefix.OBJECTIVE, tenant_id=reader.tenant_id)
    infos: dict[int, EventInfo] = {}
    if with_info:
        causes = {event.seq: _cause(objective, event) for event in events}
        profiles = reader.profiles(causes.values())
        infos = {seq: EventInfo(created_by=profiles[cause], objective=about) for seq, cause in causes.items()}
    return [_shown(_Read(event, about, reader, now), infos.get(event.seq)) for event in events]


@dataclass(frozen=True, slots=True)
class _Read:
    """An event, the identity of its objective, and by whom and when it is read."""

    event: RunEvent
    about: OperationMetadata
    reader: Viewer
    now: datetime

    @property
    def facts(self) -> Json:
        facts: Json = self.event.data
        return facts


def _shown(read: _Read, info: EventInfo | None) -> ObjectiveEvent:
    event, facts, name = read.event, read.facts, type_of(read.event)
    window, cause, began = (facts.get(one) for one in ("context_window_id", "caused_by", "started_at"))
    metadata = OperationMetadata(
        id=spell(Prefix.EVENT, event.event_id),
        account_id=read.about.account_id,
        workspace_id=read.about.workspace_id,
        profile_id=_spell(Prefix.PROFILE, cause) if cause else read.about.profile_id,
        created_at=event.at,
    )
    return ObjectiveEvent(
        metadata=metadata,
        context_window_id=_spell(Prefix.WINDOW, window) if window else "",
        started_at=began,
        duration=_duration(event.at - datetime.fromisoformat(began)) if began else None,
        data={"type": name, name: _SHOWN[event.kind][1](read)},
        info=info,
    )


def _cause(objective: Objective, event: RunEvent) -> uuid.UUID:
    cause = event.data.get("caused_by")
    return uuid.UUID(cause) if cause else objective.created_by_id


def _duration(taken: timedelta) -> str:
    """`4.1s`"""
    return f"{max(taken.total_seconds(), 0):.6f}".rstrip("0").rstrip(".") + "s"


def _spell(prefix: Prefix, raw_id: str) -> str:
    """A raw id in the API's spelling; a text that is none as it is."""
    known = parse_uuid(raw_id)
    return raw_id if known is None else spell(prefix, known)


def _state_changed(read: _Read) -> Json:
    return {
        **_some(read.facts, message="message"),
        "toState": _state(read, read.facts["state"]),
        "fromState": _state(read, read.facts["from_state"]),
    }


def _state(read: _Read, state: str | None) -> str:
    return read.reader.dialect.state(state or "unspecified")


def _response(read: _Read) -> Json:
    facts = read.facts
    payload: Json = {}
    if "model" in facts:
        payload["model"] = _identity(Prefix.MODEL, facts["model"])
    if "usage" in facts:
        payload["usage"] = _some(facts["usage"], **_USAGE)
    payload |= _some(read.facts, content="content", is_partial="partial")
    payload["toolCalls"] = [
        {
            **_variant(call),
            "arguments": call["arguments"],
            "toolCallId": _spell(Prefix.TOOL_CALL, call["call_id"]),
            "functionName": call["name"],
        }
        for call in facts["tool_calls"]
    ]
    return payload | _some(read.facts, finish_reason="finishReason")


_USAGE = {
    "input_tokens": "inputTokens",
    "output_tokens": "outputTokens",
    "cache_read_tokens": "cacheReadInputTokens",
    "cache_write_tokens": "cacheWriteInputTokens",
    "reasoning_tokens": "reasoningOutputTokens",
}


def _called(read: _Read) -> Json:
    return {
        **_variant(read.facts),
        **_some(read.facts, config="config"),
        "arguments": read.facts["arguments"],
        **_call_id(read),
        **_some(read.facts, exposes_arguments="argumentsExposedInWidgets"),
    }


def _returned(read: _Read) -> Json:
    if read.facts["is_error"]:
        return {"message": read.facts["summary"], **_call_id(read)}
    blocks = show_blocks(read.facts["content"], base_url=read.reader.base_url, now=read.now)
    return {"result": {"content": blocks}, **_call_id(read)}


def _denied(read: _Read) -> Json:
    return {"memo": read.facts["memo"], **_call_id(read)}


def _call_id(read: _Read) -> Json:
    return {"toolCallId": _spell(Prefix.TOOL_CALL, read.facts["call_id"])}


def _compacted(read: _Read) -> Json:
    facts = read.facts
    window = {
        "sequence": facts["sequence"],
        "objectiveId": read.about.id,
        "promptTokens": 0,
        "completionTokens": 0,
        "previousWindowContinueInstructions": facts["summary"],
    }
    return {
        **({"summary": facts["summary"]} if facts["summary"] else {}),
        "strategies": facts["strategies"],
        "newContextWindow": window,
        "messagesCompacted": facts["message_count"],
    }


def _spawned(read: _Read) -> Json:
    """A child belongs to whom its parent belongs to, and is made in the moment that says so."""
    facts, about = read.facts, read.about
    child = {
        "id": _spell(Prefix.OBJECTIVE, facts["objective_id"]),
        "labels": {},
        "accountId": about.account_id,
        "createdAt": wire_moment(read.event.at),
        "profileId": about.profile_id,
        "externalId": "",
        "workspaceId": about.workspace_id,
    }
    return {"task": facts["task"], "agent": _identity(Prefix.AGENT, facts["agent"]), "objective": child}


def _updated(read: _Read) -> Json:
    facts = read.facts
    return {
        "agent": _identity(Prefix.AGENT, facts["agent"]),
        "status": _STATUS.get(facts["state"], "STATUS_FAILED"),
        **_some(read.facts, message="message"),
        "objective": {"id": _spell(Prefix.OBJECTIVE, facts["objective_id"])},
    }


_STATUS = {
    ObjectiveState.FINALIZED.value: "STATUS_COMPLETED",
    ObjectiveState.CANCELLED.value: "STATUS_CANCELLED",
}


def _notice(key: str, level: str = "LEVEL_INFO") -> Callable[[_Read], Json]:
    """A sentence for people, and for programs a key with what else there is to know."""

    def show(read: _Read) -> Json:
        return {
            "key": key,
            "level": level,
            **_some(
                read.facts, since="since", message="message", error_type="errorType", next_try_at="nextTryAt"
            ),
        }

    return show


def _failed(read: _Read) -> Json:
    return {"type": read.facts["error_type"], "message": read.facts["message"]}


def _content(read: _Read) -> Json:
    return _some(read.facts, content="content")


def _message(read: _Read) -> Json:
    return _some(read.facts, message="message")


def _output(read: _Read) -> Json:
    return _some(read.facts, output="output")


def _some(facts: Json, **names: str) -> Json:
    """What there is of these facts, under the API's names."""
    return {theirs: facts[ours] for ours, theirs in names.items() if ours in facts}


def _variant(facts: Json) -> Json:
    """`tool`, one variant of what was called; nothing for what there is not."""
    called = facts.get("callable")
    if called is None:
        return {}
    shown = _identity(Prefix.AGENT if called["kind"] == CallKind.AGENT else Prefix.TOOL, called)
    # Whatever else it was in an old log, Callboard brought it.
    key = CALLABLE_KEYS.get(called["kind"], "cadenyaProvidedTool")
    return {"tool": {"tool": shown, "type": key} if key == "tool" else {"type": key, key: shown}}


def _identity(prefix: Prefix, facts: Json) -> Json:
    """The metadata of a resource."""
    prefixes = {**_OWNERS, "id": prefix}
    return {
        theirs: _spell(prefixes[theirs], facts[ours]) if theirs in prefixes else facts[ours]
        for theirs, ours in IDENTITY.items()
        if ours in facts
    }


_OWNERS = {"accountId": Prefix.ACCOUNT, "profileId": Prefix.PROFILE, "workspaceId": Prefix.WORKSPACE}

# By kind: the type in the API, and what makes the payload. Three are notices, since clients refuse types that
# they do not know.
_SHOWN: dict[str, tuple[str, Callable[[_Read], Json]]] = {
    EventKind.STATE_CHANGED: ("stateChanged", _state_changed),
    EventKind.USER_MESSAGE: ("userMessage", _content),
    EventKind.ASSISTANT_MESSAGE: ("assistantMessage", _response),
    EventKind.REASONING: ("reasoning", _content),
    EventKind.APPROVAL_REQUESTED: ("toolApprovalRequested", _call_id),
    EventKind.APPROVED: ("toolApproved", _call_id),
    EventKind.DENIED: ("toolDenied", _denied),
    EventKind.CALLED: ("toolCalled", _called),
    EventKind.RETURNED: ("toolResult", _returned),
    EventKind.COMPACTED: ("contextWindowCompacted", _compacted),
    EventKind.SUB_OBJECTIVE_STARTED: ("subAgentSpawned", _spawned),
    EventKind.SUB_OBJECTIVE_FINISHED: ("subAgentUpdated", _updated),
    EventKind.PROVIDER_LOST: ("notice", _notice("provider_unavailable", "LEVEL_WARN")),
    EventKind.PROVIDER_FOUND: ("notice", _notice("provider_available")),
    EventKind.CONTINUED: ("notice", _notice("objective_continued")),
    EventKind.CANCELLED: ("cancelled", _message),
    EventKind.TIMED_OUT: ("timedOut", _message),
    EventKind.INTERRUPTED: ("interrupted", _message),
    EventKind.FINALIZED: ("finalized", _output),
    EventKind.FAILED: ("error", _failed),
}

# Every type that the API has for an event.
TYPES = frozenset(name for name, _ in _SHOWN.values()) | {"toolError"}
