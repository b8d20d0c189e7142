"""What a ticket may be for: each app says how its things are named, and in which space they are.

Filled from `AppConfig.ready`. A further kind of target is a member of `spaces.ticket_scopes.TicketKind`
and a line of its `RESOURCES`, a call of `register_target` here, and a place in the lineage of whatever lies
in it.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from spaces.access import Caller
from spaces.errors import Malformed, NotFound
from spaces.identity import spaces_within_reach
from spaces.ids import WORKSPACE, parse_prefixed, parse_uuid
from spaces.ticket_scopes import TicketKind, TicketSubject

WHERE = ("body", "for")


@dataclass(frozen=True, slots=True)
class Target:
    """A kind of thing: `read` gives the one spelling of its name, None for a text that is none.

    `space_of` says where the thing of that name is, None where there is no such thing. A kind without it need
    not exist yet, and is looked for in a space that is named beside it.
    """

    kind: TicketKind
    read: Callable[[str], str | None]
    space_of: Callable[[str], uuid.UUID | None] | None = None
    expected: str = "Not a valid id."


_targets: dict[TicketKind, Target] = {}


def register_target(target: Target) -> None:
    """Make a kind of thing one that tickets are for; a repeated call for the same kind replaces it."""
    _targets[target.kind] = target


def read_space_id(text: str) -> uuid.UUID | None:
    """A space in either spelling; None for any other text."""
    return parse_uuid(text) or parse_prefixed(WORKSPACE, text)


def _read_space(text: str) -> str | None:
    known = read_space_id(text)
    return None if known is None else str(known)


register_target(
    Target(TicketKind.SPACE, _read_space, uuid.UUID, "Write a UUID, or workspace_… and its ULID.")
)


def find_target(caller: Caller, named: Mapping[str, str]) -> tuple[uuid.UUID, TicketSubject]:
    """The space and the thing that the members of `for` name; at least one of them is there.

    Raises Malformed naming the member at fault, and NotFound for a thing that does not exist.
    """
    is_thread = TicketKind.TOOL_CALL not in named and "thread_id" in named
    if is_thread:
        named = _as_objective(named)
    kind = _chosen(named)
    target = _targets[kind]
    name = target.read(named[kind])
    if name is None:
        raise _wrong("thread_id" if is_thread else kind, target.expected, named[kind])
    if target.space_of is not None:
        space_id = target.space_of(name)
        if space_id is None:
            raise NotFound
        return space_id, TicketSubject(kind, name)
    return _space_beside(caller, named), TicketSubject(kind, name, named.get("thread_id"))


def _as_objective(named: Mapping[str, str]) -> Mapping[str, str]:
    """A chat's thread is an objective of that id."""
    if len(named) > 1:
        message = (
            "A thread is a chat by itself, or narrows a tool call: name its tool_call_id, or nothing else."
        )
        raise _wrong("thread_id", message)
    return {TicketKind.OBJECTIVE: named["thread_id"]}


def _chosen(named: Mapping[str, str]) -> TicketKind:
    """The one target; a tool call may have its thread and its space beside it."""
    if TicketKind.TOOL_CALL in named:
        allowed = {TicketKind.TOOL_CALL, TicketKind.SPACE, "thread_id"}
        beside = [name for name in named if name not in allowed]
    else:
        beside = [name for name in named if name in TicketKind][1:]
    if beside:
        raise _wrong(beside[0], "A ticket is for exactly one resource.")
    return next(
        TicketKind(name)
        for name in named
        if name in TicketKind and (name != TicketKind.SPACE or len(named) == 1)
    )


def _space_beside(caller: Caller, named: Mapping[str, str]) -> uuid.UUID:
    """The space named beside, else the only one that the caller reaches."""
    if TicketKind.SPACE in named:
        space_id = read_space_id(named[TicketKind.SPACE])
        if space_id is None:
            raise _wrong(TicketKind.SPACE, _targets[TicketKind.SPACE].expected, named[TicketKind.SPACE])
        return space_id
    reached = spaces_within_reach(caller, limit=2)
    if len(reached) != 1:
        raise _wrong(TicketKind.SPACE, "Name the space of this tool call; the call need not exist yet.")
    return reached[0]


def _wrong(name: str, message: str, value: str | None = None) -> Malformed:
    return Malformed.field(*WHERE, str(name), msg=message, value=value)
