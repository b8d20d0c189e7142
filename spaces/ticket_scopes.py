"""What a scoped ticket is for: one thing with all that lies in it, and what may be done there."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from spaces.errors import NotFound, NotPermitted


class May(StrEnum):
    """What a scoped ticket lets whoever shows it do."""

    READ = "read"  # look, over REST, SSE and the socket
    DECIDE = "decide"  # approve tool calls, deny them, supply their content
    SAY = "say"  # say something in a chat, and stop its turn
    CANCEL = "cancel"  # stop the execution or the objective


# The permissions that each needs. The maker's own stand above them: a ticket only ever takes away.
NEEDED: dict[str, frozenset[str]] = {
    May.READ: frozenset({"executions:read", "objectives:read"}),
    May.DECIDE: frozenset({"objectives:manage"}),
    May.SAY: frozenset({"objectives:manage"}),
    May.CANCEL: frozenset({"executions:manage", "objectives:manage"}),
}


class TicketKind(StrEnum):
    """What a ticket may be for, by the member of `for` that names it."""

    TOOL_CALL = "tool_call_id"
    EXECUTION = "execution_id"
    OBJECTIVE = "objective_id"
    SPACE = "space_id"


# What the maker of a ticket must be permitted to read, or to manage where it lets cancel.
RESOURCES = {
    TicketKind.TOOL_CALL: ("executions",),
    TicketKind.EXECUTION: ("executions",),
    TicketKind.OBJECTIVE: ("objectives",),
    TicketKind.SPACE: ("executions", "objectives"),
}


@dataclass(frozen=True, slots=True)
class TicketSubject:
    """Something that a ticket may be for; `name` is its id, a UUID wherever it is one of ours.

    A tool call's id is what a model wrote: `thread_id` says in which chat thread, None where nobody said.
    """

    kind: str
    name: str
    thread_id: str | None = None

    def holds(self, other: "TicketSubject") -> bool:
        """Whether a ticket for this is one for the other; no thread stands for every thread."""
        same = (self.kind, self.name) == (other.kind, other.name)
        return same and self.thread_id in {None, other.thread_id}


@dataclass(frozen=True, slots=True)
class Scope:
    """What one ticket opens, until it is over."""

    ticket_id: uuid.UUID
    space_id: uuid.UUID
    target: TicketSubject
    may: frozenset[str]
    until: datetime

    def require(self, may: May, lineage: Iterable[TicketSubject]) -> None:
        """Raises NotFound where none of the places is what the ticket is for, NotPermitted for another verb.

        `lineage` is everything that the thing asked for lies in, itself included.
        """
        if not self.covers(lineage):
            raise NotFound
        if may not in self.may:
            raise NotPermitted(f"This ticket does not let you {may}.")

    def covers(self, lineage: Iterable[TicketSubject]) -> bool:
        """Whether the ticket is for one of these."""
        return any(self.target.holds(place) for place in lineage)

    @property
    def needed(self) -> frozenset[str]:
        """The permissions that the ticket's verbs need."""
        return frozenset().union(*(NEEDED[may] for may in self.may))

    def thread_of(self, tool_call_id: str, thread_id: str | None) -> str | None:
        """The thread in which a tool call is looked for: the ticket's own where the request names none."""
        is_meant = (self.target.kind, self.target.name) == (TicketKind.TOOL_CALL, tool_call_id)
        return self.target.thread_id if thread_id is None and is_meant else thread_id
