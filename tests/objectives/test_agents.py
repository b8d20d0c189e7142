"""Agents over HTTP: made, read, listed, changed, deleted."""

import pytest

from tests.factories import make_actor
from tests.objectives.calling import WorkspaceClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    return WorkspaceClient(make_actor(role="admin"))


def test_an_agent_is_made_as_a_draft_and_read_back(api):
    made = api.post(
        "/agents",
        {
            "metadata": {"name": "Researcher", "externalId": "r-1", "labels": {"team": "north"}},
            "spec": {"description": "Finds things out."},
        },
    )

    assert made["state"] == "STATE_DRAFT"
    assert made["metadata"]["externalId"] == "r-1"
    assert made["metadata"]["labels"] == {"team": "north"}
    assert made["spec"]["variationSelectionMode"] == "VARIATION_SELECTION_MODE_RANDOM"
    assert made["info"]["variationCount"] == 0
    assert made["info"]["createdBy"]["metadata"]["id"] == made["metadata"]["profileId"]
    assert api.get(f"/agents/{made['metadata']['id']}") == made
    assert api.get("/agents/external_id:r-1") == made
    assert api.get("/agents")["items"] == [made]
