"""Cancelling and retrying over HTTP: what is legal, what is not, and what a repetition does."""

import pytest

from executions.actions.sub_executions import start_sub_execution
from executions.models import SkillExecution
from spaces.models import Role
from tests.executions.api.speaking import Api, fail, make_execution, run, succeed
from tests.factories import NOW, make_actor, make_skill, unknown_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    make_skill(skills="[echo]")
    return Api(make_actor())


def state_of(response):
    return response.status_code, response.json()["data"]["state"]


def test_a_queued_one_is_cancelled_at_once(api):
    execution = make_execution(api.actor)

    response = api.post(f"skills/executions/{execution.id}/cancel")

    assert state_of(response) == (200, "cancelled")
    assert response.json()["data"]["finished_at"] is not None


def test_a_running_one_is_asked_to_stop(api):
    execution = make_execution(api.actor)
    run(execution)

    response = api.post(f"skills/executions/{execution.id}/cancel")

    assert state_of(response) == (200, "running")
    assert SkillExecution.objects.get(pk=execution.id).cancel_requested_at is not None


def test_cancelling_again_changes_nothing(api):
    execution = make_execution(api.actor)
    first = api.post(f"skills/executions/{execution.id}/cancel")

    again = api.post(f"skills/executions/{execution.id}/cancel")

    assert again.status_code == 200
    assert again.json() == first.json()


@pytest.mark.parametrize("end", [succeed, fail])
def test_a_finished_one_cannot_be_cancelled(api, end):
    execution = end(make_execution(api.actor))

    response = api.post(f"skills/executions/{execution.id}/cancel")

    assert (response.status_code, list(response.json())) == (409, ["detail"])
    assert SkillExecution.objects.get(pk=execution.id).state == execution.state


@pytest.mark.parametrize("end", [succeed, fail])
def test_a_retry_is_a_new_execution_once(api, end):
    old = end(make_execution(api.actor))

    first = api.post(f"skills/executions/{old.id}/retry")
    again = api.post(f"skills/executions/{old.id}/retry")

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["data"]["id"] == again.json()["data"]["id"] != str(old.id)
    assert first.json()["data"]["chat_tool_call_id"] == "call_1"
    assert api.get(f"skills/executions/{old.id}").json()["data"]["state"] == old.state


def test_what_is_not_over_cannot_be_retried(api):
    execution = make_execution(api.actor)

    assert api.post(f"skills/executions/{execution.id}/retry").status_code == 409


def test_a_sub_execution_is_not_retried_by_itself(api):
    call = {"slug": "echo", "inputs": {"text": "x"}, "files": [], "now": NOW}
    child = succeed(start_sub_execution(lease=run(make_execution(api.actor)), call_key="one", **call))

    assert api.post(f"skills/executions/{child.id}/retry").status_code == 409


@pytest.mark.parametrize("verb", ["cancel", "retry"])
@pytest.mark.parametrize("row_id", [str(unknown_id()), "nonsense", "a\x00b", str(unknown_id()).upper()])
def test_an_unknown_one_is_a_404(api, verb, row_id):
    response = api.post(f"skills/executions/{row_id}/{verb}")

    assert (response.status_code, response.json()) == (404, {"detail": "Not found."})


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_viewers_may_not(api, verb):
    execution = fail(make_execution(api.actor))
    viewer = Api(make_actor(space=api.actor.space, role=Role.VIEWER, name="viewer"))

    assert viewer.post(f"skills/executions/{execution.id}/{verb}").status_code == 403
    assert viewer.get(f"skills/executions/{execution.id}").status_code == 200


def test_another_method_is_a_405(api):
    execution = make_execution(api.actor)

    response = api.get(f"skills/executions/{execution.id}/cancel")

    assert response.status_code == 405
    assert response.json() == {"detail": 'Method "GET" not allowed.'}
