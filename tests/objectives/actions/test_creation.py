"""Starting objectives: what may be asked for, and what is then there."""

import pytest
from django.test import Client

from executions.models import RunEvent, RunHead
from objectives.ids import Prefix, spell
from objectives.models import AgentState, Objective
from tests.factories import make_actor
from tests.objectives.factories import make_agent, make_variation

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor():
    return make_actor()


@pytest.fixture
def agent(actor):
    agent = make_agent(
        space=actor.space, created_by=actor.principal, state=AgentState.PUBLISHED, external_id="helper"
    )
    make_variation(agent=agent, system_prompt_template="Help {{ name }}.")
    return agent


def url(actor, rest=""):
    return f"/v1/workspaces/{spell(Prefix.WORKSPACE, actor.space.id)}/objectives{rest}"


def start(actor, **body):
    given = {"agentId": "external_id:helper", "firstUserMessage": "Hello", **body}
    return Client().post(url(actor), given, content_type="application/json", headers=actor.headers)


def test_an_objective_is_there_with_its_log_and_its_job(actor, agent):
    answer = start(
        actor, systemPromptData={"name": "Ada"}, metadata={"externalId": "o1", "labels": {"a": "b"}}
    )

    assert answer.status_code == 200, answer.content
    shown = answer.json()
    row = Objective.objects.get()
    assert shown["metadata"]["id"] == spell(Prefix.OBJECTIVE, row.id)
    assert shown["metadata"]["externalId"] == "o1"
    assert shown["state"] == "OBJECTIVE_STATE_PENDING"
    assert shown["systemPrompt"] == "Help Ada."
    assert shown["info"]["totalEvents"] == 2
    assert RunHead.objects.get(pk=row.id).kind == "objective"
    kinds = list(RunEvent.objects.filter(run_id=row.id).order_by("seq").values_list("kind", flat=True))
    assert kinds == ["objective.state_changed", "message.received"]
    again = Client().get(url(actor, "/external_id%3Ao1"), headers=actor.headers)
    assert again.json() == shown


def test_an_external_id_is_taken_once(actor, agent):
    start(actor, metadata={"externalId": "o1"})

    answer = start(actor, metadata={"externalId": "o1"})

    assert (answer.status_code, answer.json()["code"]) == (409, 6)


def test_an_agent_that_is_not_published_starts_nothing(actor, agent):
    agent.state = AgentState.DRAFT
    agent.save()

    answer = start(actor)

    assert (answer.status_code, answer.json()["code"]) == (400, 9)
    assert not Objective.objects.exists()


@pytest.mark.parametrize("field", ["memoryCascade", "episodicMemory", "tenant", "subject"])
def test_what_is_not_built_is_refused_by_name(actor, agent, field):
    given = [{"memoryLayerId": "x"}] if field == "memoryCascade" else {"id": "x", "key": "x"}

    answer = start(actor, **{field: given})

    assert (answer.status_code, answer.json()["code"]) == (501, 12)
    assert field in answer.json()["message"]
    assert not Objective.objects.exists()


def test_without_a_first_message_nothing_starts(actor, agent):
    answer = start(actor, firstUserMessage="")

    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    assert "firstUserMessage" in answer.json()["message"]


def test_lists_filter_by_what_they_say(actor, agent):
    start(actor, metadata={"externalId": "o1", "labels": {"team": "red"}})
    start(actor, metadata={"externalId": "o2"})

    def listed(query):
        answer = Client().get(url(actor, f"?{query}"), headers=actor.headers)
        assert answer.status_code == 200, answer.content
        return [item["metadata"]["externalId"] for item in answer.json()["items"]]

    assert listed("") == ["o2", "o1"]
    assert listed("sortOrder=asc") == ["o1", "o2"]
    assert listed("labels=team%3Dred") == ["o1"]
    assert listed("agentId=external_id:helper&state=STATE_PENDING") == ["o2", "o1"]
    assert listed("state=OBJECTIVE_STATE_FAILED") == []
    assert listed("tenantId=someone") == []


def test_a_cancelled_objective_is_over_at_once_where_nobody_works_on_it(actor, agent):
    start(actor, metadata={"externalId": "o1"})

    answer = Client().post(
        url(actor, "/external_id%3Ao1:cancel"),
        {"reason": "No longer wanted."},
        content_type="application/json",
        headers=actor.headers,
    )

    assert answer.status_code == 200, answer.content
    assert answer.json()["state"] == "OBJECTIVE_STATE_CANCELLED"
    assert answer.json()["stateMessage"] == "No longer wanted."
    events = Client().get(url(actor, "/external_id%3Ao1/events"), headers=actor.headers).json()["items"]
    assert [event["data"]["type"] for event in events] == [
        "stateChanged",
        "userMessage",
        "cancelled",
        "stateChanged",
    ]
    assert [event["metadata"]["id"] for event in events] == sorted(
        event["metadata"]["id"] for event in events
    )
