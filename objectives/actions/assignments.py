"""Giving a variation what it may call, and taking it away; each verb raises NotPermitted too."""

import contextlib
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db import transaction

from objectives.access.permissions import MANAGE_AGENTS
from objectives.actions.finding import locked_variation
from objectives.actions.resources import Loc
from objectives.ids import Prefix, read
from objectives.models import (
    Agent,
    AgentState,
    AgentVariation,
    Assignment,
    Tool,
    ToolSet,
    ToolSetState,
    ToolState,
)
from objectives.schemas.assignments import VariationAssignment
from objectives.selectors import find
from spaces.access import SpaceAccess
from spaces.errors import AlreadyExists, Invalid, NotFound, NotReady, Unimplemented

type Key = tuple[uuid.UUID | None, uuid.UUID | None, uuid.UUID | None]


def add_assignment(
    *,
    access: SpaceAccess,
    agent_address: str,
    address: str,
    assignment: VariationAssignment,
    now: datetime,
) -> Assignment:
    """Assign a tool, tool set or sub-agent to a variation; what is returned holds both as they are now.

    Raises NotFound, AlreadyExists where it may call it already, Invalid where there is no such thing in the
    space, and NotReady for one that is archived or omitted.
    """
    with _assigning(access, agent_address, address, now) as variation:
        row = _assignment(variation, assignment, now, ("body",))
        if _key(row) in _assigned(variation):
            raise AlreadyExists("Already assigned to the variation.")
        _check_usable(row)
        row.save(force_insert=True)
    return row


def remove_assignment(
    *,
    access: SpaceAccess,
    agent_address: str,
    address: str,
    assignment: VariationAssignment,
    now: datetime,
) -> AgentVariation:
    """Remove an assignment from a variation.

    Raises NotFound, also where the thing is not assigned, and Invalid where there is none in the space.
    """
    with _assigning(access, agent_address, address, now) as variation:
        tool, tool_set, sub_agent = _key(_assignment(variation, assignment, now, ("body",)))
        _remove(variation, tool=tool, tool_set=tool_set, sub_agent=sub_agent)
    return variation


def remove_assignment_of_id(
    *, access: SpaceAccess, agent_address: str, address: str, assignment_id: str, now: datetime
) -> AgentVariation:
    """The same by the assignment's own id, `avt_…`; raises NotFound."""
    with _assigning(access, agent_address, address, now) as variation:
        _remove(variation, pk=read(Prefix.ASSIGNMENT, assignment_id))
    return variation


def replace_assignments(
    variation: AgentVariation, wanted: Sequence[VariationAssignment], *, now: datetime, at: Loc
) -> bool:
    """Have a locked variation call exactly these things, in this order; says whether it called others.

    The caller holds a transaction. Raises Invalid below `at`, Unimplemented, AlreadyExists for a thing named
    twice, and NotReady for a new one that is archived or omitted.
    """
    rows = [_assignment(variation, one, now, (*at, place)) for place, one in enumerate(wanted)]
    keys = [_key(row) for row in rows]
    if len(set(keys)) < len(keys):
        raise AlreadyExists("Duplicate assignment.")
    before = _assigned(variation)
    if keys == before:
        return False
    for row in rows:
        if _key(row) not in before:
            _check_usable(row)
    variation.assignments.all().delete()
    Assignment.objects.bulk_create(rows)
    return True


@contextlib.contextmanager
def _assigning(
    access: SpaceAccess, agent_address: str, address: str, now: datetime
) -> Iterator[AgentVariation]:
    access.require(MANAGE_AGENTS)
    with transaction.atomic():
        variation = locked_variation(access, agent_address, address)
        yield variation
        variation.updated_at = now
        variation.save(update_fields=["updated_at"])


def _assignment(
    variation: AgentVariation, assignment: VariationAssignment, now: datetime, at: Loc
) -> Assignment:
    """The unsaved row of what is meant, in the variation's space; locked, since somebody may delete it."""
    space_id, address = variation.space_id, assignment.address
    row = Assignment(variation=variation, created_at=now)
    try:
        match assignment.field:
            case "tool_id":
                tools = Tool.objects.filter(space_id=space_id).select_related("tool_set")
                row.tool = find(tools.select_for_update(no_key=True, of=("self",)), Prefix.TOOL, address)
            case "tool_set_id":
                sets = ToolSet.objects.filter(space_id=space_id)
                row.tool_set = find(sets.select_for_update(no_key=True), Prefix.TOOL_SET, address)
            case "sub_agent_id":
                row.sub_agent = find(Agent.objects.filter(space_id=space_id), Prefix.AGENT, address)
            case _:
                raise Unimplemented(".".join([*map(str, at[1:]), f"{assignment.kind} is not built."]))
    except NotFound:
        noun = assignment.field.removesuffix("_id").replace("_", " ")
        message = f"There is no such {noun} in this workspace."
        raise Invalid.field(*at, assignment.kind, msg=message, value=address[:200]) from None
    return row


def _key(row: Assignment) -> Key:
    return row.tool_id, row.tool_set_id, row.sub_agent_id


def _assigned(variation: AgentVariation) -> list[Key]:
    return [_key(row) for row in variation.assignments.order_by("created_at", "id")]


def _check_usable(row: Assignment) -> None:
    tool_set = row.tool_set or (row.tool and row.tool.tool_set)
    is_usable = (
        (row.tool is None or row.tool.state == ToolState.AVAILABLE)
        and (tool_set is None or tool_set.state == ToolSetState.ACTIVE)
        and (row.sub_agent is None or row.sub_agent.state != AgentState.ARCHIVED)
    )
    if not is_usable:
        raise NotReady(f"{str(row)!r} is archived or omitted, so it cannot be assigned.")


def _remove(variation: AgentVariation, **which: uuid.UUID | None) -> None:
    removed, _ = variation.assignments.filter(**which).delete()
    if not removed:
        raise NotFound("Not assigned to the variation.")
