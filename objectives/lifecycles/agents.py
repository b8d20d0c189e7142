"""Which state of an agent may follow which, and the one function that moves it."""

from enum import StrEnum

from objectives.models import Agent, AgentState
from spaces.errors import IllegalMove

_S = AgentState


class AgentVerb(StrEnum):
    """What people do with an agent."""

    PUBLISH = "publish"
    UNPUBLISH = "unpublish"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"


# From which states each verb leads, and where to.
MOVES: dict[AgentVerb, tuple[frozenset[str], AgentState]] = {
    AgentVerb.PUBLISH: (frozenset({_S.DRAFT}), _S.PUBLISHED),
    AgentVerb.UNPUBLISH: (frozenset({_S.PUBLISHED}), _S.DRAFT),
    AgentVerb.ARCHIVE: (frozenset({_S.DRAFT, _S.PUBLISHED}), _S.ARCHIVED),
    AgentVerb.UNARCHIVE: (frozenset({_S.ARCHIVED}), _S.DRAFT),
}
# What has been done to the agent then.
DONE: dict[AgentVerb, str] = {
    AgentVerb.PUBLISH: "published",
    AgentVerb.UNPUBLISH: "unpublished",
    AgentVerb.ARCHIVE: "archived",
    AgentVerb.UNARCHIVE: "unarchived",
}


def move(agent: Agent, verb: AgentVerb) -> None:
    """Move a locked agent, which the caller saves; raises IllegalMove."""
    came_from, to = MOVES[verb]
    if agent.state not in came_from:
        raise IllegalMove("agent", agent.state, DONE[verb])
    agent.state = to
