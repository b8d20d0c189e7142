"""`Idempotency-Key` in the workspace API: the same request once, another one refused."""

import threading
import uuid

import pytest
from django.db import connection
from django.test import Client

from executions.models import RunEvent
from objectives.actions.continuation import continue_objective
from objectives.actions.creation import create_objective
from objectives.actions.new_objective import NewObjective
from objectives.ids import Prefix, spell
from objectives.models import Feedback, Objective, ObjectiveState, QueuedAction, UserMessage
from spaces.models import Membership, Role, UsedKey
from tests.factories import NOW, make_actor, make_space
from tests.objectives.runs import begin_objective, make_published_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor():
    return make_actor()


@pytest.fixture
def agent(actor):
    return make_published_agent(actor)


def ask(actor, path, body, key, *, space=None):
    """A POST to a path of the actor's objectives."""
    address = f"/v1/workspaces/{spell(Prefix.WORKSPACE, (space or actor.space).id)}/objectives{path}"
    headers = {**actor.headers, "Idempotency-Key": key}
    return Client().post(address, body, content_type="application/json", headers=headers)


def wish(agent, **more):
    return {"agentId": spell(Prefix.AGENT, agent.id), "firstUserMessage": "Hello", **more}


def idle(objective):
    Objective.objects.filter(pk=objective.pk).update(state=ObjectiveState.WAITING)
    return objective


def of(objective, verb=""):
    return f"/{spell(Prefix.OBJECTIVE, objective.id)}{verb}"


def test_the_same_key_and_body_are_the_same_objective(actor, agent):
    body = wish(agent, metadata={"externalId": "one"}, secrets=[{"name": "TOKEN", "value": "s"}])

    first, again = (ask(actor, "", body, "k") for _ in range(2))

    assert (first.status_code, again.status_code) == (200, 200), again.content
    assert again.json() == first.json()
    assert Objective.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"firstUserMessage": "Other"},
        {"metadata": {"labels": {"a": "b"}}},
        {"systemPromptData": {"a": 1}},
        {"pinnedParameters": {"a": "b"}},
        {"secrets": [{"name": "TOKEN", "value": "other"}]},
        {"variationId": "external_id:other"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_same_key_with_another_body_is_a_conflict(actor, agent, change):
    body = wish(agent, secrets=[{"name": "TOKEN", "value": "s"}])
    ask(actor, "", body, "k")

    other = ask(actor, "", {**body, **change}, "k")

    assert (other.status_code, other.json()["code"]) == (409, 6)
    assert "Idempotency-Key" in other.json()["message"]
    assert Objective.objects.count() == 1


def test_the_same_body_may_be_spelled_and_ordered_otherwise(actor, agent):
    first = ask(actor, "", wish(agent), "k")
    body = {"first_user_message": "Hello", "agent_id": spell(Prefix.AGENT, agent.id), "unknown": 1}

    assert ask(actor, "", body, "k").json() == first.json()


def test_without_a_key_or_with_another_one_it_is_another_objective(actor, agent):
    answers = [ask(actor, "", wish(agent), key) for key in "ab"]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert Objective.objects.count() == 2


def test_a_key_counts_for_one_caller_in_one_space(actor, agent):
    colleague = make_actor(space=actor.space, name="colleague")
    elsewhere = make_space(tenant=actor.tenant)
    Membership.objects.create(space=elsewhere, principal=actor.principal, role=Role.MEMBER, created_at=NOW)
    there = make_published_agent(make_actor(space=elsewhere, name="other"))

    made = [
        ask(actor, "", wish(agent), "k"),
        ask(colleague, "", wish(agent), "k"),
        ask(actor, "", wish(there), "k", space=elsewhere),
    ]

    assert [answer.status_code for answer in made] == [200, 200, 200], made[2].content
    assert Objective.objects.count() == 3


def test_a_refused_request_leaves_its_key_unused(actor, agent):
    refused = ask(actor, "", wish(agent, firstUserMessage=" "), "k")

    made = ask(actor, "", wish(agent), "k")

    assert (refused.status_code, made.status_code) == (400, 200)


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_a_key_that_cannot_be_kept_is_named(actor, agent, key):
    answer = ask(actor, "", wish(agent), key)

    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    assert "Idempotency-Key" in answer.json()["message"]
    assert not Objective.objects.exists()


def test_neither_key_nor_body_is_kept(actor, agent):
    ask(actor, "", wish(agent, secrets=[{"name": "TOKEN", "value": "open sesame"}]), "a-key")

    with connection.cursor() as cursor:
        cursor.execute("SELECT used::text FROM spaces_usedkey AS used")
        (row,) = cursor.fetchall()

    assert "a-key" not in row[0]
    assert "sesame" not in row[0]


@pytest.mark.parametrize("is_busy", [True, False])
def test_a_message_is_said_once(actor, agent, is_busy):
    objective = begin_objective(actor, agent)
    if not is_busy:
        idle(objective)
    body = {"message": "Go on.", "enqueue": True}

    first, again = (ask(actor, of(objective, ":continue"), body, "k") for _ in range(2))
    other = ask(actor, of(objective, ":continue"), {**body, "message": "Other."}, "k")

    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 409)
    assert first.json()["type"] == ("queuedAction" if is_busy else "event")
    assert again.json() == first.json()
    assert QueuedAction.objects.count() == is_busy
    assert UserMessage.objects.count() == 1 + (not is_busy)


def test_a_compaction_and_an_opinion_are_there_once(actor, agent):
    objective = begin_objective(actor, agent)
    requests = {":compact": {}, "/feedback": {"data": {"score": 1}}}

    for verb, body in requests.items():
        first, again = (ask(actor, of(objective, verb), body, f"key of {verb}") for _ in range(2))
        assert (first.status_code, again.status_code) == (200, 200), again.content
        assert again.json()["metadata"] == first.json()["metadata"]

    assert (QueuedAction.objects.count(), Feedback.objects.count()) == (1, 1)


def test_a_key_of_one_verb_is_not_one_of_another(actor, agent):
    objective = begin_objective(actor, agent)
    ask(actor, "", wish(agent), "k")

    answer = ask(actor, of(objective, ":continue"), {"message": "Go on.", "enqueue": True}, "k")

    assert (answer.status_code, answer.json()["code"]) == (409, 6)
    assert not QueuedAction.objects.exists()


def test_what_is_gone_is_not_made_again(actor, agent):
    objective = begin_objective(actor, agent)
    ask(actor, of(objective, "/feedback"), {"data": {"score": 1}}, "k")
    Feedback.objects.all().delete()

    answer = ask(actor, of(objective, "/feedback"), {"data": {"score": 1}}, "k")

    assert (answer.status_code, answer.json()["code"]) == (404, 5)
    assert not Feedback.objects.exists()


def at_once(ask_for, count=8):
    """What `count` connections get that ask at the same moment."""
    found: list[uuid.UUID] = []
    ready = threading.Barrier(count)

    def run() -> None:
        ready.wait(60)
        try:
            found.append(ask_for())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("external_id", ["", "one"])
def test_many_at_once_make_one_objective(external_id):
    actor = make_actor()
    wanted = NewObjective(
        agent=spell(Prefix.AGENT, make_published_agent(actor).id),
        first_user_message="Hello",
        external_id=external_id,
    )

    found = at_once(
        lambda: create_objective(access=actor.access, wanted=wanted, idempotency_key="k", now=NOW).id
    )

    assert (len(found), len(set(found))) == (8, 1)
    assert (Objective.objects.count(), UsedKey.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_say_one_thing():
    actor = make_actor()
    objective = idle(begin_objective(actor, make_published_agent(actor)))
    before = RunEvent.objects.filter(run_id=objective.id, kind="message.received").count()

    said = at_once(
        lambda: (
            continue_objective(
                access=actor.access,
                objective_id=objective.id,
                message="Go on.",
                enqueue=False,
                idempotency_key="k",
                now=NOW,
            ).event_id
        )
    )

    assert (len(said), len(set(said))) == (8, 1)
    assert RunEvent.objects.filter(run_id=objective.id, kind="message.received").count() == before + 1
