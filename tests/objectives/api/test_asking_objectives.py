"""What the reads and verbs of an objective take and refuse, as its clients write it."""

import pytest

from objectives.ids import Prefix, spell
from objectives.models import AdapterKind, Objective
from tests.factories import Actor, make_actor
from tests.objectives.factories import make_agent, make_tool, make_tool_set
from tests.objectives.runs import begin_objective, make_published_agent, park
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor() -> Actor:
    return make_actor()


@pytest.fixture
def api(actor) -> WorkspaceClient:
    return WorkspaceClient(actor)


def path_of(objective: Objective, after: str = "") -> str:
    return f"/objectives/{spell(Prefix.OBJECTIVE, objective.id)}{after}"


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({"triggerThreshold": "much"}, "triggerThreshold"),
        ({"summarization": "short"}, "summarization"),
        ({"summarization": {"instructions": ["short"]}}, "summarization.instructions"),
        ({"toolResultClearing": {"preserveRecentResults": -1}}, "toolResultClearing.preserveRecentResults"),
    ],
)
def test_a_compaction_is_configured_as_a_variation_is(api, actor, config, place):
    objective = begin_objective(actor, make_published_agent(actor))
    park(objective)

    status, code, message = api.refused("post", path_of(objective, ":compact"), {"compactionConfig": config})

    assert (status, code) == (400, 3)
    assert message.startswith(f"compactionConfig.{place}: ")
    assert not objective.queued_actions.exists()


def test_a_compaction_is_queued_with_its_configuration(api, actor):
    objective = begin_objective(actor, make_published_agent(actor))
    park(objective)
    config = {"toolResultClearing": {"preserveRecentResults": 1}}

    queued = api.post(path_of(objective, ":compact"), {"compactionConfig": config})

    assert queued["data"] == {"type": "compaction", "compaction": {"compactionConfig": config}}


def test_events_of_a_window_that_cannot_be_are_none(api, actor):
    objective = begin_objective(actor, make_published_agent(actor))

    assert api.get(path_of(objective, "/events"), windowId="objwin_\0")["items"] == []


def test_the_tools_of_an_objective_have_the_names_by_which_its_model_calls_them(api, actor):
    mine = {"space": actor.space, "created_by": actor.principal}
    sets = [make_tool_set(**mine, name=name, adapter=AdapterKind.BARE) for name in ("one", "two")]
    tools = [make_tool(tool_set=tool_set, name="find") for tool_set in sets]
    helper = make_agent(**mine, name="Good helper")
    objective = begin_objective(actor, make_published_agent(actor, *tools, helper))

    offered = api.get(path_of(objective, "/tools"))["items"]

    assert [one["snapshot"]["spec"]["llmToolName"] for one in offered] == ["find", "find_2", "Good_helper"]
