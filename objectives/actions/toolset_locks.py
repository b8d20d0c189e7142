"""Reading a tool set so that nobody else changes it meanwhile."""

from objectives.addressing import find
from objectives.models import ToolSet
from objectives.spelling import Prefix
from spaces.access import SpaceAccess


def locked_tool_set(access: SpaceAccess, address: str, *, against_reference: bool = False) -> ToolSet:
    """A set of the space, locked until the caller's transaction ends; raises NotFound.

    `against_reference` also keeps anybody from assigning it, or giving it a tool or a secret, meanwhile:
    whoever tries waits, and then finds out what became of it.
    """
    sets = ToolSet.objects.filter(space_id=access.space_id)
    return find(sets.select_for_update(no_key=not against_reference), Prefix.TOOL_SET, address)
