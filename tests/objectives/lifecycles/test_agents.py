"""Every state of an agent and every verb."""

import pytest

from objectives.ids import Prefix, spell
from objectives.lifecycles.agents import AgentVerb
from objectives.models import Agent, AgentState
from spaces.models import Role
from tests.factories import make_actor
from tests.objectives.factories import make_agent, make_variation
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db
LEGAL = {
    (AgentState.DRAFT, AgentVerb.PUBLISH): AgentState.PUBLISHED,
    (AgentState.DRAFT, AgentVerb.ARCHIVE): AgentState.ARCHIVED,
    (AgentState.PUBLISHED, AgentVerb.UNPUBLISH): AgentState.DRAFT,
    (AgentState.PUBLISHED, AgentVerb.ARCHIVE): AgentState.ARCHIVED,
    (AgentState.ARCHIVED, AgentVerb.UNARCHIVE): AgentState.DRAFT,
}


@pytest.fixture
def api():
    return WorkspaceClient(make_actor(role=Role.ADMIN))


@pytest.mark.parametrize("verb", AgentVerb)
@pytest.mark.parametrize("state", AgentState)
def test_every_verb_in_every_state(api, state, verb):
    agent = make_agent(space=api.actor.space, created_by=api.actor.principal, state=state)
    make_variation(agent=agent)
    path = f"/agents/{spell(Prefix.AGENT, agent.id)}:{verb}"
    to = LEGAL.get((state, verb))

    if to is None:
        status, code, message = api.refused("post", path)
        assert (status, code) == (400, 9)
        assert state in message
        assert Agent.objects.get().updated_at is None
    else:
        assert api.post(path)["state"] == f"STATE_{to.upper()}"

    assert Agent.objects.get().state == (to or state)


def test_an_agent_without_variations_cannot_be_published(api):
    agent = make_agent(space=api.actor.space, created_by=api.actor.principal, state=AgentState.DRAFT)

    assert api.refused("post", f"/agents/{spell(Prefix.AGENT, agent.id)}:publish", {})[:2] == (400, 9)
    assert Agent.objects.get().state == AgentState.DRAFT


def test_an_unknown_verb_is_not_found(api):
    agent = make_agent(space=api.actor.space, created_by=api.actor.principal)

    assert api.refused("get", f"/agents/{spell(Prefix.AGENT, agent.id)}:explode")[:2] == (404, 5)
