"""Labels on a variation that steer its objectives."""

import pytest

from objectives.ids import Prefix, spell
from objectives.models import AgentVariation
from spaces.models import Role
from tests.factories import make_actor
from tests.objectives.factories import make_agent
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db
GOOD = {"callboard/cost-budget-usd": "0.50", "callboard/skill.csv-profile": "approval", "team": "north"}
WRONG = [
    ("callboard/cost-budget-usd", "much"),
    ("callboard/cost-budget-usd", "NaN"),
    ("callboard/cost-budget-usd", "1e30"),
    ("callboard/cost-budget-usd", "0.00000000001"),
    ("callboard/skill.csv-profile", "yes"),
]


@pytest.fixture
def api():
    return WorkspaceClient(make_actor(role=Role.ADMIN))


@pytest.fixture
def path(api):
    agent = make_agent(space=api.actor.space, created_by=api.actor.principal)
    return f"/agents/{spell(Prefix.AGENT, agent.id)}/variations"


@pytest.mark.parametrize(("label", "value"), WRONG)
def test_a_label_that_steers_must_say_what_can_be_done(api, path, label, value):
    made = api.post(path, {"metadata": {"name": "V", "labels": GOOD}, "spec": {}})
    metadata = {"name": "W", "labels": {label: value}}

    refusals = [
        api.refused("post", path, {"metadata": metadata, "spec": {}}),
        api.refused("patch", f"{path}/{made['metadata']['id']}", {"metadata": metadata}),
    ]

    for status, code, message in refusals:
        assert (status, code) == (400, 3)
        assert message.startswith(f"metadata.labels.{label}: ")
    assert AgentVariation.objects.get().labels == GOOD
