"""The events of an objective: what all of them carry, and who is told of which.

A payload is facts of our own (`executions.runs.event_kinds`); what the workspace API shows is made of them on
every read (`objectives.representations.payloads`). Beside the facts of its kind it has `context_window_id`,
`caused_by` (a principal) and, where something took time, `started_at`, each where there is one. A tool's
result stands there as stored blocks, whose media get their URLs on every read
(`objectives.tool_results.blocks`).
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from executions.runs.event_kinds import EventKind
from executions.runs.log import NewEvent
from objectives.ids import Json, raw, wire_moment
from objectives.models import CallKind, ToolCall

VERSION = 2  # of payloads; `objectives.former_events` reads those of version 1

# What the workspace API tells. Pieces of text and their restarts are on the websocket only: the API has no
# such types, and its clients refuse types that they do not know.
PUBLIC = frozenset(
    {
        *(EventKind.STATE_CHANGED, EventKind.USER_MESSAGE, EventKind.ASSISTANT_MESSAGE, EventKind.REASONING),
        *(
            EventKind.APPROVAL_REQUESTED,
            EventKind.APPROVED,
            EventKind.DENIED,
            EventKind.CALLED,
            EventKind.RETURNED,
        ),
        *(EventKind.COMPACTED, EventKind.SUB_OBJECTIVE_STARTED, EventKind.SUB_OBJECTIVE_FINISHED),
        *(EventKind.PROVIDER_LOST, EventKind.PROVIDER_FOUND, EventKind.CONTINUED),
        *(
            EventKind.CANCELLED,
            EventKind.TIMED_OUT,
            EventKind.INTERRUPTED,
            EventKind.FINALIZED,
            EventKind.FAILED,
        ),
    }
)

# What a space's feed shows: changes of state, what waits for people, and what waits for a provider.
IN_FEED = frozenset(
    {
        *(EventKind.STATE_CHANGED, EventKind.APPROVAL_REQUESTED, EventKind.APPROVED, EventKind.DENIED),
        *(EventKind.PROVIDER_LOST, EventKind.PROVIDER_FOUND, EventKind.CONTINUED),
    }
)


def event(
    kind: EventKind,
    facts: Mapping[str, Any],
    *,
    now: datetime,
    window_id: uuid.UUID | None = None,
    by: uuid.UUID | None = None,
    started_at: datetime | None = None,
) -> NewEvent:
    """`by` is the principal that caused it, `started_at` is for what took time up to `now`."""
    beside = {
        "context_window_id": window_id and str(window_id),
        "caused_by": by and str(by),
        "started_at": started_at and wire_moment(started_at),
    }
    known = {name: value for name, value in beside.items() if value is not None}
    return NewEvent(kind, {**facts, **known}, now, VERSION)


def call_event(
    kind: EventKind,
    call: ToolCall,
    *,
    now: datetime,
    by: uuid.UUID | None = None,
    started_at: datetime | None = None,
    **facts: Any,
) -> NewEvent:
    """What happens to a tool call: which one, as what it was called, and the facts of the kind."""
    named = {"call_id": str(call.id), "name": call.called_as, **facts}
    return event(kind, named, now=now, window_id=call.step.window_id, by=by, started_at=started_at)


def callable_facts(call: ToolCall) -> Json:
    """`callable`, the kind and the identity of what was called; nothing for what there is not."""
    if call.kind == CallKind.UNKNOWN:
        return {}
    return {"callable": {"kind": call.kind, **identity_facts(call.callable)}}


# The members of the API's metadata, and how facts call them.
IDENTITY = {
    "id": "id",
    "name": "name",
    "labels": "labels",
    "accountId": "tenant_id",
    "createdAt": "created_at",
    "profileId": "created_by",
    "updatedAt": "updated_at",
    "externalId": "external_id",
    "workspaceId": "space_id",
}


def identity_facts(metadata: Json) -> Json:
    """A resource's identity, of which rows and plans keep the API's metadata, with raw ids."""
    ids = {"id", "accountId", "workspaceId", "profileId"}
    return {
        ours: raw(metadata[theirs]) if theirs in ids else metadata[theirs]
        for theirs, ours in IDENTITY.items()
        if theirs in metadata
    }
