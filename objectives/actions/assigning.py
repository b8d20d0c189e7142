"""Giving a variation what it may call, and taking it away; each verb raises NotPermitted too."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from objectives.access.permissions import MANAGE_AGENTS
from objectives.actions.finding import locked_variation
from objectives.actions.resources import Loc
from objectives.addressing import find
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
from objectives.shapes.assignments import VariationAssignment
from objectives.spelling import Prefix, read
from spaces.access import SpaceAccess
from spaces.errors import AlreadyExists, Invalid, NotFound, NotReady, Unimplemented

type Thing = Tool | ToolSet | Agent
type Key = tuple[str, uuid.UUID]


def add_assignment(
    *,
    access: SpaceAccess,
    agent_address: str,
    address: str,
    assignment: VariationAssignment,
    now: datetime,
) -> Assignment:
    """Let a variation call one thing more; what is returned holds both as they are now.

    Raises NotFound, AlreadyExists where it may call it already, Invalid where there is no such thing in the
    space, and NotReady for one that is archived or omitted.
    """
    access.require(MANAGE_AGENTS)
    with transaction.atomic():
        variation = locked_variation(access, agent_address, address)
        thing = _thing(variation, assignment, ("body",))
        column = _column(thing)
        if _key(thing) in _assigned(variation):
            raise AlreadyExists("This is assigned to the variation already.")
        _check_usable(thing)
        _touch(variation, now)
        return Assignment.objects.create(variation=variation, created_at=now, **{column: thing})


def remove_assignment(
    *,
    access: SpaceAccess,
    agent_address: str,
    address: str,
    assignment: VariationAssignment,
    now: datetime,
) -> AgentVariation:
    """Let a variation no longer call a thing.

    Raises NotFound, also where the thing is not assigned, and Invalid where there is none in the space.
    """
    access.require(MANAGE_AGENTS)
    with transaction.atomic():
        variation = locked_variation(access, agent_address, address)
        column, thing_id = _key(_thing(variation, assignment, ("body",)))
        _remove(variation, now, **{column: thing_id})
    return variation


def remove_assignment_of_id(
    *, access: SpaceAccess, agent_address: str, address: str, assignment_id: str, now: datetime
) -> AgentVariation:
    """The same by the assignment's own id, `avt_…`; raises NotFound."""
    access.require(MANAGE_AGENTS)
    with transaction.atomic():
        variation = locked_variation(access, agent_address, address)
        _remove(variation, now, pk=read(Prefix.ASSIGNMENT, assignment_id))
    return variation


def replace_assignments(
    variation: AgentVariation, wanted: Sequence[VariationAssignment], *, now: datetime, at: Loc
) -> bool:
    """Have a locked variation call exactly these things, in this order; says whether it called others.

    The caller holds a transaction. Raises Invalid below `at`, Unimplemented, AlreadyExists for a thing named
    twice, and NotReady for a new one that is archived or omitted.
    """
    things = [_thing(variation, one, (*at, place)) for place, one in enumerate(wanted)]
    keys = [_key(thing) for thing in things]
    if len(set(keys)) < len(keys):
        raise AlreadyExists("The same thing is assigned twice.")
    before = _assigned(variation)
    if keys == before:
        return False
    for thing, key in zip(things, keys, strict=True):
        if key not in before:
            _check_usable(thing)
    variation.assignments.all().delete()
    Assignment.objects.bulk_create(
        Assignment(variation=variation, created_at=now, **{column: thing})
        for thing, (column, _) in zip(things, keys, strict=True)
    )
    return True


def _thing(variation: AgentVariation, assignment: VariationAssignment, at: Loc) -> Thing:
    """What an assignment means, in the variation's space; locked, since somebody may be deleting it."""
    space_id, address = variation.space_id, assignment.address
    try:
        match assignment.field:
            case "tool_id":
                tools = Tool.objects.filter(space_id=space_id).select_related("tool_set")
                return find(tools.select_for_update(no_key=True, of=("self",)), Prefix.TOOL, address)
            case "tool_set_id":
                sets = ToolSet.objects.filter(space_id=space_id)
                return find(sets.select_for_update(no_key=True), Prefix.TOOL_SET, address)
            case "sub_agent_id":
                return find(Agent.objects.filter(space_id=space_id), Prefix.AGENT, address)
    except NotFound:
        message = "There is no such thing in this workspace."
        raise Invalid.field(*at, assignment.kind, msg=message, value=address[:200]) from None
    raise Unimplemented(".".join([*map(str, at[1:]), f"{assignment.kind} is not built."]))


def _key(thing: Thing) -> Key:
    return _column(thing), thing.id


def _column(thing: Thing) -> str:
    """The column of an assignment that refers to such a thing."""
    match thing:
        case Tool():
            return "tool"
        case ToolSet():
            return "tool_set"
        case Agent():
            return "sub_agent"


def _assigned(variation: AgentVariation) -> list[Key]:
    rows = variation.assignments.select_related("tool", "tool_set", "sub_agent").order_by("created_at", "id")
    return [_key(thing) for row in rows if (thing := row.tool or row.tool_set or row.sub_agent)]


def _check_usable(thing: Thing) -> None:
    match thing:
        case Tool():
            is_usable = thing.state == ToolState.AVAILABLE and thing.tool_set.state == ToolSetState.ACTIVE
        case ToolSet():
            is_usable = thing.state == ToolSetState.ACTIVE
        case Agent():
            is_usable = thing.state != AgentState.ARCHIVED
    if not is_usable:
        raise NotReady(f"{thing.name!r} is archived or omitted, so it cannot be assigned.")


def _remove(variation: AgentVariation, now: datetime, **which: uuid.UUID | None) -> None:
    removed, _ = variation.assignments.filter(**which).delete()
    if not removed:
        raise NotFound("This is not assigned to the variation.")
    _touch(variation, now)


def _touch(variation: AgentVariation, now: datetime) -> None:
    variation.updated_at = now
    variation.save(update_fields=["updated_at"])
