"""The registry of what can be streamed: each app says how its runs are named, authorised and shown.

Filled from `AppConfig.ready`; this package itself knows no app's rows.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from spaces.access import Caller
from spaces.ticket_scopes import TicketSubject


@dataclass(frozen=True, slots=True)
class RunStream:
    """One kind of run.

    `kind` is its `RunKind`, `id_name` the member in which frames carry its id (`execution_id`),
    `parse_id` reads that id's spelling (None for another text), `permission` is what reading needs.
    `snapshot(run_id, base_url)` represents a run in the transaction it is called in (None where it is
    gone); `active(space_id, limit)` its newest runs that are not over, which the snapshot of a space's
    feed shows under `active_name`. `lineage(run_id)` is all that a run lies in, itself first, by which
    tickets are held against it; empty where it is gone. `upcast(kind, data)` puts an event of version 1 into
    the words of today, where those have changed since.
    """

    kind: str
    id_name: str
    parse_id: Callable[[str], uuid.UUID | None]
    permission: str
    snapshot: Callable[[uuid.UUID, str], Mapping[str, Any] | None]
    active_name: str
    active: Callable[[uuid.UUID, int], Sequence[Mapping[str, Any]]]
    lineage: Callable[[uuid.UUID], list[TicketSubject]]
    upcast: Callable[[str, dict[str, Any]], tuple[str, dict[str, Any]]] | None = None


@dataclass(frozen=True, slots=True)
class FoundRun:
    """The run behind a tool call; `is_retry` tells that an earlier run of the same call was superseded."""

    run_id: uuid.UUID
    space_id: uuid.UUID
    is_retry: bool


@dataclass(frozen=True, slots=True)
class CallStream:
    """How a tool call leads to its run.

    `find(space_ids, tool_call_id, thread_id)` returns the newest run that is not superseded;
    `counts(calls)` says, for each (space, tool call id), how many runs it has, in one query.
    `lineage(space_id, tool_call_id, thread_id)` is all that a tool call lies in, whether it has a run or not.
    """

    kind: str
    find: Callable[[Sequence[uuid.UUID], str, str | None], FoundRun | None]
    counts: Callable[[Sequence[tuple[uuid.UUID, str]]], dict[tuple[uuid.UUID, str], int]]
    lineage: Callable[[uuid.UUID, str, str | None], list[TicketSubject]]


@dataclass(frozen=True, slots=True)
class ChatStream:
    """How a chat is held on the socket.

    A thread is a run of `kind`; `snapshot(thread_id, base_url)` shows it in the transaction it is called in.
    `obey(caller, verb, given, now)` does what a command says and returns what there is to say of it.
    """

    kind: str
    snapshot: Callable[[uuid.UUID, str], Mapping[str, Any] | None]
    obey: Callable[[Caller, str, Mapping[str, Any], datetime], Mapping[str, Any]]


_chats: list[ChatStream] = []
_runs: dict[str, RunStream] = {}
_calls: list[CallStream] = []
_makers: list[Callable[[uuid.UUID, str], list[TicketSubject]]] = []


def register_run(stream: RunStream) -> None:
    """Make a kind of run streamable; a repeated call for the same kind replaces it."""
    _runs[stream.kind] = stream


def register_calls(stream: CallStream) -> None:
    """Say how tool calls are found; there is one such way in a deployment, the last one registered."""
    _calls[:] = [stream]


def register_maker(lineage: Callable[[uuid.UUID, str], list[TicketSubject]]) -> None:
    """Say what the calls of an app's own runs lie in, by space and public id; empty for those of others."""
    _makers.append(lineage)


def lineage_of_made(space_id: uuid.UUID, tool_call_id: str) -> list[TicketSubject]:
    """What a tool call lies in that one of our own runs makes; empty for one of a chat outside."""
    return [place for lineage in _makers for place in lineage(space_id, tool_call_id)]


def register_chat(stream: ChatStream) -> None:
    """Say how chats are held; there is one such way in a deployment, the last one registered."""
    _chats[:] = [stream]


def chat() -> ChatStream:
    """How chats are held; raises LookupError where no app said so."""
    if not _chats:
        raise LookupError("No app has registered a chat.")
    return _chats[0]


def run_stream(kind: str) -> RunStream:
    """The stream of a kind; raises KeyError for one that no app registered."""
    return _runs[kind]


def run_streams() -> list[RunStream]:
    return list(_runs.values())


def calls() -> CallStream:
    """How tool calls are found; raises LookupError where no app said so."""
    if not _calls:
        raise LookupError("No app has registered a tool call lookup.")
    return _calls[0]


def id_names() -> dict[str, str]:
    """Under which name each kind of run writes its id."""
    return {stream.kind: stream.id_name for stream in _runs.values()}
