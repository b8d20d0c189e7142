"""What the events of an objective tell: the JSON of the workspace API is made here, and nowhere else.

Members of payloads stand in the order in which PostgreSQL keeps those of a `jsonb`, shortest first: so
clients got them as long as the log held this JSON.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from executions.runs.event_kinds import EventKind
from executions.runs.models import RunEvent
from objectives.events import IDENTITY
from objectives.ids import Json, Prefix, spell, wire_moment
from objectives.models import CallKind, ObjectiveState
from objectives.representations.reader import Viewer
from objectives.schemas.metadata import OperationMetadata
from objectives.schemas.toolcalls import CALLABLE_KEYS
from objectives.tool_results.blocks import show_blocks
from spaces.ids import parse_uuid


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """An event, the identity of its objective, and by whom and when it is read."""

    event: RunEvent
    about: OperationMetadata
    reader: Viewer
    now: datetime

    @property
    def facts(self) -> Json:
        facts: Json = self.event.data
        return facts


def spell_raw(prefix: Prefix, raw_id: str) -> str:
    """A raw id in the API's spelling; a text that is none as it is."""
    known = parse_uuid(raw_id)
    return raw_id if known is None else spell(prefix, known)


def _state_changed(read: ReadEvent) -> Json:
    return {
        **_some(read.facts, message="message"),
        "toState": _state(read, read.facts["state"]),
        "fromState": _state(read, read.facts["from_state"]),
    }


def _state(read: ReadEvent, state: str | None) -> str:
    return read.reader.dialect.state(state or "unspecified")


def _response(read: ReadEvent) -> Json:
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
            "toolCallId": spell_raw(Prefix.TOOL_CALL, call["call_id"]),
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


def _called(read: ReadEvent) -> Json:
    return {
        **_variant(read.facts),
        **_some(read.facts, config="config"),
        "arguments": read.facts["arguments"],
        **_call_id(read),
        **_some(read.facts, exposes_arguments="argumentsExposedInWidgets"),
    }


def _returned(read: ReadEvent) -> Json:
    if read.facts["is_error"]:
        return {"message": read.facts["summary"], **_call_id(read)}
    blocks = show_blocks(read.facts["content"], base_url=read.reader.base_url, now=read.now)
    return {"result": {"content": blocks}, **_call_id(read)}


def _denied(read: ReadEvent) -> Json:
    return {"memo": read.facts["memo"], **_call_id(read)}


def _call_id(read: ReadEvent) -> Json:
    return {"toolCallId": spell_raw(Prefix.TOOL_CALL, read.facts["call_id"])}


def _compacted(read: ReadEvent) -> Json:
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


def _spawned(read: ReadEvent) -> Json:
    """A child belongs to whom its parent belongs to, and is made in the moment that says so."""
    facts, about = read.facts, read.about
    child = {
        "id": spell_raw(Prefix.OBJECTIVE, facts["objective_id"]),
        "labels": {},
        "accountId": about.account_id,
        "createdAt": wire_moment(read.event.at),
        "profileId": about.profile_id,
        "externalId": "",
        "workspaceId": about.workspace_id,
    }
    return {"task": facts["task"], "agent": _identity(Prefix.AGENT, facts["agent"]), "objective": child}


def _updated(read: ReadEvent) -> Json:
    facts = read.facts
    return {
        "agent": _identity(Prefix.AGENT, facts["agent"]),
        "status": _STATUS.get(facts["state"], "STATUS_FAILED"),
        **_some(read.facts, message="message"),
        "objective": {"id": spell_raw(Prefix.OBJECTIVE, facts["objective_id"])},
    }


_STATUS = {
    ObjectiveState.FINALIZED.value: "STATUS_COMPLETED",
    ObjectiveState.CANCELLED.value: "STATUS_CANCELLED",
}


def _notice(key: str, level: str = "LEVEL_INFO") -> Callable[[ReadEvent], Json]:
    """A sentence for people, and for programs a key with what else there is to know."""

    def show(read: ReadEvent) -> Json:
        return {
            "key": key,
            "level": level,
            **_some(
                read.facts, since="since", message="message", error_type="errorType", next_try_at="nextTryAt"
            ),
        }

    return show


def _failed(read: ReadEvent) -> Json:
    return {"type": read.facts["error_type"], "message": read.facts["message"]}


def _content(read: ReadEvent) -> Json:
    return _some(read.facts, content="content")


def _message(read: ReadEvent) -> Json:
    return _some(read.facts, message="message")


def _output(read: ReadEvent) -> Json:
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
        theirs: spell_raw(prefixes[theirs], facts[ours]) if theirs in prefixes else facts[ours]
        for theirs, ours in IDENTITY.items()
        if ours in facts
    }


_OWNERS = {"accountId": Prefix.ACCOUNT, "profileId": Prefix.PROFILE, "workspaceId": Prefix.WORKSPACE}

# By kind: the type in the API, and what makes the payload. Three are notices, since clients refuse types that
# they do not know.
SHOWN: dict[str, tuple[str, Callable[[ReadEvent], Json]]] = {
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
