"""Reading agents, variations and tool sets for a change: through their space, and locked."""

from objectives.ids import Prefix
from objectives.models import Agent, AgentVariation, ToolSet
from objectives.selectors import find
from spaces.access import SpaceAccess


def known_agent(access: SpaceAccess, address: str) -> Agent:
    """An agent of the space; raises NotFound."""
    return find(Agent.objects.filter(space_id=access.space_id), Prefix.AGENT, address)


def locked_agent(access: SpaceAccess, address: str) -> Agent:
    """An agent, locked until the caller's transaction ends; raises NotFound."""
    rows = Agent.objects.filter(space_id=access.space_id).select_for_update(no_key=True)
    return find(rows, Prefix.AGENT, address)


def locked_variation(access: SpaceAccess, agent_address: str, address: str) -> AgentVariation:
    """A variation of an agent, locked until the caller's transaction ends; raises NotFound."""
    agent = known_agent(access, agent_address)
    rows = AgentVariation.objects.filter(agent=agent).select_for_update(no_key=True)
    return find(rows, Prefix.VARIATION, address)


def locked_tool_set(access: SpaceAccess, address: str, *, against_reference: bool = False) -> ToolSet:
    """A set of the space, locked until the caller's transaction ends; raises NotFound.

    `against_reference` also keeps anybody from assigning it, or giving it a tool or a secret, meanwhile:
    whoever tries waits, and then finds out what became of it.
    """
    sets = ToolSet.objects.filter(space_id=access.space_id)
    return find(sets.select_for_update(no_key=not against_reference), Prefix.TOOL_SET, address)
