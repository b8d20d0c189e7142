"""What a stream asks the database when it opens: may it, and where does it begin.

Plain functions for threads. A snapshot and the number that belongs to it are read in one
REPEATABLE READ transaction, so the events after that number continue exactly that snapshot.
"""

import contextlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from executions.runs.feed import FeedPosition, begin_feed, feed_position
from executions.runs.live import registry
from executions.runs.live.json_encoder import dump
from executions.runs.live.registry import FoundRun, RunStream
from executions.runs.models import HeadState, RunHead
from spaces.access import Caller
from spaces.errors import Invalid, NotFound
from spaces.identity import Credentials, caller_of_identity, spaces_within_reach
from spaces.ticket_scopes import May, Scope, TicketKind, TicketSubject

ACTIVE_SHOWN = 100
SPACES_WATCHED = 20  # of one caller, by one tool call id that names no space


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """A run that the caller may read: how far its log goes; where asked for, its snapshot as JSON text."""

    run_id: uuid.UUID
    space_id: uuid.UUID
    stream: RunStream
    seq: int
    has_ended: bool
    snapshot: str | None


@dataclass(frozen=True, slots=True)
class OpenedFeed:
    """A space's feed that the caller may read, its snapshot as JSON text and the position of that."""

    space_id: uuid.UUID
    position: FeedPosition
    snapshot: str


@dataclass(frozen=True, slots=True)
class RunAsk:
    """Which run, in which space (None where the caller did not say)."""

    stream: RunStream
    run_id: uuid.UUID
    space_id: uuid.UUID | None = None
    snapshot: Callable[[uuid.UUID, str], Mapping[str, Any] | None] | None = None  # None: the stream's own


@dataclass(frozen=True, slots=True)
class CallAsk:
    """Which tool call; `space_id` None means wherever the caller is, `thread_id` None means any thread."""

    tool_call_id: str
    thread_id: str | None
    space_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class CallReach:
    """In which spaces, and in which thread (None: in any), a caller may look for a tool call's run."""

    spaces: list[uuid.UUID]
    thread_id: str | None


def open_run(
    who: Caller | Credentials, ask: RunAsk, *, base_url: str, with_snapshot: bool, now: datetime
) -> OpenedRun:
    """Raises NotFound, NotPermitted, and Unauthenticated where the credentials are over."""
    caller = caller_of_identity(who, now=now) if isinstance(who, Credentials) else who
    if caller.scope is not None:
        caller.scope.require(May.READ, ask.stream.lineage(ask.run_id))
    with _one_moment():
        head = RunHead.objects.filter(pk=ask.run_id, kind=ask.stream.kind).first()
        if head is None or ask.space_id not in (None, head.space_id):
            raise NotFound
        caller.access(head.space_id).require(ask.stream.permission)
        show = ask.snapshot or ask.stream.snapshot
        shown = show(ask.run_id, base_url) if with_snapshot else None
    return OpenedRun(
        head.run_id,
        head.space_id,
        ask.stream,
        head.seq,
        head.state == HeadState.ENDED,
        dump(shown) if with_snapshot else None,
    )


def open_feed(identity: Credentials, space_id: uuid.UUID, *, now: datetime) -> OpenedFeed:
    """The feed's snapshot: the newest runs that are not over, by kind. Raises as `open_run` does."""
    caller = caller_of_identity(identity, now=now)
    if caller.scope is not None:
        caller.scope.require(May.READ, [TicketSubject(TicketKind.SPACE, str(space_id))])
    access = caller.access(space_id)
    begin_feed(space_id)
    shown: dict[str, Any] = {}
    with _one_moment():
        position = feed_position(space_id)
        for stream in registry.run_streams():
            access.require(stream.permission)
            shown[stream.active_name] = stream.active(space_id, ACTIVE_SHOWN)
    return OpenedFeed(space_id, position, dump(shown))


def reach_of_call(identity: Credentials, ask: CallAsk, *, now: datetime) -> CallReach:
    """Where a tool call is looked for: in the space named, else in all that the caller is in.

    Raises NotFound, NotPermitted, Unauthenticated, and Invalid where there are too many to watch (or none to
    be known, for an operator): then the caller must name one.
    """
    caller = caller_of_identity(identity, now=now)
    permission = registry.run_stream(registry.calls().kind).permission
    if caller.scope is not None:
        return _reach_of_ticket(caller, caller.scope, ask, permission)
    if ask.space_id is not None:
        return CallReach([caller.access(ask.space_id).require(permission).space_id], ask.thread_id)
    caller.require(permission)
    reached = spaces_within_reach(caller, limit=SPACES_WATCHED + 1)
    if not reached or len(reached) > SPACES_WATCHED:
        raise Invalid.field("space_id", msg="Name the space of this tool call.", kind="missing")
    return CallReach(reached, ask.thread_id)


def _reach_of_ticket(caller: Caller, scope: Scope, ask: CallAsk, permission: str) -> CallReach:
    """The ticket's own space, for a tool call that it is for, or that has a run already that it is for."""
    if ask.space_id not in {None, scope.space_id}:
        raise NotFound
    thread_id = scope.thread_of(ask.tool_call_id, ask.thread_id)
    spaces = [caller.access(scope.space_id).require(permission).space_id]
    calls = registry.calls()
    lineage = calls.lineage(scope.space_id, ask.tool_call_id, thread_id)
    if not scope.covers(lineage) and (found := calls.find(spaces, ask.tool_call_id, thread_id)):
        lineage = registry.run_stream(calls.kind).lineage(found.run_id)
    scope.require(May.READ, lineage)
    return CallReach(spaces, thread_id)


def find_call(reach: CallReach, tool_call_id: str) -> FoundRun | None:
    """The run that the lookup would return now."""
    return registry.calls().find(reach.spaces, tool_call_id, reach.thread_id)


@contextlib.contextmanager
def _one_moment() -> Iterator[None]:
    """A transaction in which every statement sees the database as it was at the first."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
