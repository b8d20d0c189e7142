"""Which state of an agent may follow which, and the one function that moves it."""

from enum import StrEnum

from objectives.models import Agent, AgentState
from spaces.errors import IllegalMove

_S = AgentState


class Verb(StrEnum):
    """What people do with an agent."""

    PUBLISH = "publish"
    UNPUBLISH = "unpublish"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"


# From which states each verb leads, and where to.
MOVES: dict[Verb, tuple[frozenset[str], AgentState]] = {
    Verb.PUBLISH: (frozenset({_S.DRAFT}), _S.PUBLISHED),
    Verb.UNPUBLISH: (frozenset({_S.PUBLISHED}), _S.DRAFT),
    Verb.ARCHIVE: (frozenset({_S.DRAFT, _S.PUBLISHED}), _S.ARCHIVED),
    Verb.UNARCHIVE: (frozenset({_S.ARCHIVED}), _S.DRAFT),
}
# What has been done to the agent then.
DONE: dict[Verb, str] = {
    Verb.PUBLISH: "published",
    Verb.UNPUBLISH: "unpublished",
    Verb.ARCHIVE: "archived",
    Verb.UNARCHIVE: "unarchived",
}


def move(agent: Agent, verb: Verb) -> None:
    """Move a locked agent, which the caller saves; raises IllegalMove."""
    came_from, to = MOVES[verb]
    if agent.state not in came_from:
        raise IllegalMove("agent", agent.state, DONE[verb])
    agent.state = to
