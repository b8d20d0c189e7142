"""Every list of the workspace API refuses cursors and limits that are none, an empty list too."""

import pytest
from django.test import Client

from spaces.models import Role
from tests.factories import make_actor
from tests.guards.routes import every_route
from tests.guards.things import things_of

pytestmark = pytest.mark.django_db

READS = [
    route
    for route in every_route()
    if route.is_of_workspaces and not route.template.startswith("api-proxy/") and route.method == "GET"
]
MANGLED = ["cursor=x", "cursor=%00", "cursor=bWFuZ2xlZA", "limit=-1", "limit=many"]


def test_every_list_refuses_what_makes_no_sense():
    owner = make_actor(role=Role.ADMIN)
    values = things_of(owner)
    lists, taken = [], []
    for route in READS:
        address = route.path(values)
        answer = Client().get(address, headers=owner.headers)
        if answer.status_code != 200 or "items" not in answer.json():
            continue
        lists.append(route.template)
        for query in MANGLED:
            refused = Client().get(f"{address}?{query}", headers=owner.headers)
            if (refused.status_code, refused.json().get("code")) != (400, 3):
                taken.append(f"{route.template}?{query}")

    assert taken == []
    assert len(lists) > 15
    assert "v1/workspaces/<ref:workspace_id>/agents/<ref:agent_id>/webhook_deliveries" in lists
