"""What was thought of an agent's work, and the deliveries that are not built."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from objectives.ids import Prefix, spell
from spaces.models import Role
from tests.factories import NOW, make_actor
from tests.objectives.factories import make_agent, make_feedback, make_objective, make_variation
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    return WorkspaceClient(make_actor(role=Role.ADMIN))


@pytest.fixture
def agent(api):
    """An agent with two variations that got four pieces of feedback, a minute apart."""
    agent = make_agent(space=api.actor.space, created_by=api.actor.principal)
    first, second = make_variation(agent=agent, external_id="v1"), make_variation(agent=agent)
    said = [(first, 1.0, "Great"), (first, -1.0, "Too long"), (second, 0.0, ""), (second, 0.5, "great help")]
    for minute, (variation, score, comment) in enumerate(said):
        make_feedback(
            objective=make_objective(variation=variation),
            score=score,
            comment=comment,
            labels={"round": str(minute)},
            created_at=NOW + timedelta(minutes=minute),
        )
    other = make_variation(agent=make_agent(space=api.actor.space, created_by=api.actor.principal))
    make_feedback(objective=make_objective(variation=other), comment="of another agent")
    return agent


def path_of(agent):
    return f"/agents/{spell(Prefix.AGENT, agent.id)}"


def test_feedback_says_who_thought_what_of_which_work(api, agent):
    newest = api.get(f"{path_of(agent)}/feedback")["items"][0]

    assert newest["data"] == {"score": 0.5, "comment": "great help"}
    assert newest["metadata"]["labels"] == {"round": "3"}
    submitted_by = newest["info"]["submittedBy"]
    assert submitted_by["metadata"]["id"] == spell(Prefix.PROFILE, api.actor.principal.id)
    assert newest["info"]["objective"]["id"].startswith("obj_")
    assert newest["info"]["agentVariation"]["name"] == "Thorough"


@pytest.mark.parametrize(
    ("query", "scores"),
    [
        ({}, [0.5, 0.0, -1.0, 1.0]),
        ({"limit": "2"}, [0.5, 0.0]),
        ({"query": "GREAT"}, [0.5, 1.0]),
        ({"sentiment": "FEEDBACK_SENTIMENT_POSITIVE"}, [0.5, 1.0]),
        ({"sentiment": "FEEDBACK_SENTIMENT_NEGATIVE"}, [-1.0]),
        ({"sentiment": "FEEDBACK_SENTIMENT_UNSPECIFIED"}, [0.5, 0.0, -1.0, 1.0]),
        ({"agentVariationId": "external_id:v1"}, [-1.0, 1.0]),
        ({"createdAfter": "2026-11-22T12:01:00Z"}, [0.5, 0.0]),
        ({"createdBefore": "2026-11-22T13:01:00+01:00"}, [1.0]),
        ({"labels": "round=2"}, [0.0]),
        ({"includeInfo": "true", "query": "long"}, [-1.0]),
    ],
)
def test_feedback_is_filtered(api, agent, query, scores):
    items = api.get(f"{path_of(agent)}/feedback", **query)["items"]

    assert [item["data"]["score"] for item in items] == scores


@pytest.mark.parametrize(
    "query", [{"sentiment": "GOOD"}, {"createdAfter": "yesterday"}, {"createdBefore": "2026-11-22T12:00:00"}]
)
def test_a_filter_that_means_nothing_is_refused(api, agent, query):
    assert api.refused("get", f"{path_of(agent)}/feedback", **query)[:2] == (400, 3)


def test_there_are_no_deliveries(api, agent):
    page = api.get(f"{path_of(agent)}/webhook_deliveries", limit="5")

    assert page == {"items": [], "pagination": {"nextCursor": ""}}


def test_a_cursor_of_another_list_leads_nowhere(api, agent):
    cursor = api.get(f"{path_of(agent)}/feedback", limit="1")["pagination"]["nextCursor"]
    deliveries = f"{path_of(agent)}/webhook_deliveries"

    assert cursor
    assert api.refused("get", deliveries, cursor=cursor)[:2] == (400, 3)
    assert api.refused("get", "/objectives", tenantId="t", cursor=cursor)[:2] == (400, 3)
    assert api.refused("get", "/objectives", tenantId="t", state="BOGUS")[:2] == (400, 3)
    assert api.get("/objectives", tenantId="t", cursor="")["items"] == []


def test_an_agents_newest_feedback_is_found_through_an_index(api, agent):
    with CaptureQueriesContext(connection) as captured:
        items = api.get(f"{path_of(agent)}/feedback")["items"]
    (asked,) = [each["sql"] for each in captured if 'FROM "objectives_feedback"' in each["sql"]]
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(f"EXPLAIN {asked}")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert len(items) == 4
    assert "Index Scan Backward using feedback_by_agent" in plan
    assert "Sort" not in plan


def test_feedback_given_through_the_api_is_the_agents(api):
    objective = make_objective(
        variation=make_variation(
            agent=make_agent(space=api.actor.space, created_by=api.actor.principal, name="Anna")
        )
    )
    path = f"/objectives/{spell(Prefix.OBJECTIVE, objective.id)}/feedback"

    api.post(path, {"metadata": {}, "data": {"score": 1, "comment": "Good."}})

    (item,) = api.get(f"{path_of(objective.agent)}/feedback")["items"]
    assert item["data"]["comment"] == "Good."
