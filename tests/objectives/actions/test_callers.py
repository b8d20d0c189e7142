"""Who may call the workspace API, and what it says to those who may not."""

import pytest
from django.test import Client

from tests.factories import make_actor

pytestmark = pytest.mark.django_db


def test_an_unknown_key_is_answered_with_a_status():
    answer = Client().get("/v1/whoami", headers={"Authorization": "Bearer cb_nothing_here"})

    assert answer.status_code == 401
    assert answer.json() == {"code": 16, "message": "Invalid API key.", "details": []}


def test_whoever_calls_is_told_who_they_are():
    actor = make_actor()

    answer = Client().get("/v1/whoami", headers=actor.headers).json()

    assert answer["profile"]["spec"]["name"] == actor.principal.display_name
    assert answer["metadata"] == answer["profile"]["metadata"]
    assert answer["defaultWorkspace"]["id"].startswith("workspace_")


def test_paths_that_lead_nowhere_are_answered_with_a_status():
    answer = Client().get("/v1/workspaces/nothing/at/all")

    assert answer.status_code == 404
    assert answer.json()["code"] == 5
