"""The account, its secrets, and the workspaces that a key reaches."""

import base64
import logging

import pytest
from django.test import Client

from objectives.ids import Prefix, spell
from spaces.keys import create_key
from spaces.models import Membership, Role, Tenant
from tests.factories import NOW, make_actor, make_space
from tests.objectives.factories import make_agent, make_tool, make_tool_set, make_variation

pytestmark = pytest.mark.django_db


def get(who, path):
    answer = Client().get(path, headers=who.headers)
    assert answer.status_code == 200, answer.content
    return answer.json()


def rotate(who, verb):
    answer = Client().post(f"/v1/account:{verb}", headers=who.headers)
    return answer.status_code, answer.json()


def test_an_administrator_is_shown_the_secrets_and_always_the_same():
    admin = make_actor(role=Role.ADMIN)
    account = get(admin, "/v1/account")
    secret = account["info"]["webhookEventsHmacSecret"]

    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert len(account["info"]["challengeToken"]) > 40
    assert get(admin, "/v1/account") == account
    assert account["metadata"]["accountId"] == account["metadata"]["id"]
    assert [one["metadata"]["name"] for one in account["spec"]["workspaces"]] == ["Desk"]


def test_others_are_shown_nothing_and_renew_nothing():
    admin = make_actor(role=Role.ADMIN)
    get(admin, "/v1/account")
    member = make_actor(space=admin.space, name="member")
    limited = make_actor(space=admin.space, role=Role.ADMIN, permissions=("agents:manage",), name="limited")

    for who in (member, limited):
        assert get(who, "/v1/account")["info"] == {"webhookEventsHmacSecret": "", "challengeToken": ""}
        for verb in ("rotateChallengeToken", "rotateWebhookSigningKey"):
            status, body = rotate(who, verb)
            assert (status, body["code"]) == (403, 7)


def test_secrets_are_renewed_and_sealed_at_rest():
    admin = make_actor(role=Role.ADMIN)
    before = get(admin, "/v1/account")["info"]
    webhook = rotate(admin, "rotateWebhookSigningKey")[1]["webhookEventsHmacSecret"]
    challenge = rotate(admin, "rotateChallengeToken")[1]["challengeToken"]

    after = get(admin, "/v1/account")["info"]
    assert after == {"webhookEventsHmacSecret": webhook, "challengeToken": challenge}
    assert set(before.values()).isdisjoint(after.values())
    tenant = Tenant.objects.get(pk=admin.tenant.pk)
    for sealed in (tenant.webhook_secret, tenant.challenge_token):
        assert webhook.encode() not in bytes(sealed)
        assert challenge.encode() not in bytes(sealed)


def test_workspaces_are_those_that_the_key_reaches():
    admin = make_actor(role=Role.ADMIN)
    other = make_space(tenant=admin.tenant, name="Other", description="Second", labels={"team": "b"})
    make_space(tenant=admin.tenant, name="Of others")
    Membership.objects.create(space=other, principal=admin.principal, role=Role.VIEWER, created_at=NOW)
    gone = make_space(tenant=admin.tenant, name="Gone", archived_at=NOW)
    Membership.objects.create(space=gone, principal=admin.principal, role=Role.ADMIN, created_at=NOW)

    listed = get(admin, "/v1/workspaces?sortOrder=asc")["items"]
    assert [one["metadata"]["name"] for one in listed] == ["Desk", "Other"]
    assert listed[1]["spec"] == {"description": "Second"}
    assert [one["metadata"]["name"] for one in get(admin, "/v1/workspaces?labels=team=b")["items"]] == [
        "Other"
    ]
    _, token = create_key(principal=admin.principal, name="k", permissions=[], spaces=[other], now=NOW)
    limited = Client().get("/v1/workspaces", headers={"Authorization": f"Bearer {token}"}).json()
    assert [one["metadata"]["name"] for one in limited["items"]] == ["Other"]


def test_pages_of_workspaces_follow_each_other():
    admin = make_actor(role=Role.ADMIN)
    for number in range(3):
        space = make_space(tenant=admin.tenant, name=f"S{number}")
        Membership.objects.create(space=space, principal=admin.principal, role=Role.ADMIN, created_at=NOW)

    first = get(admin, "/v1/workspaces?limit=2")
    cursor = first["pagination"]["nextCursor"]
    second = get(admin, f"/v1/workspaces?limit=2&cursor={cursor}")
    assert len({one["metadata"]["id"] for one in first["items"] + second["items"]}) == 4
    assert second["pagination"]["nextCursor"] == ""


def test_a_workspace_says_what_it_holds():
    admin = make_actor(role=Role.ADMIN)
    own = {"space": admin.space, "created_by": admin.principal}
    make_tool(tool_set=make_tool_set(**own))
    make_variation(agent=make_agent(**own))
    make_variation(agent=make_agent(state="archived", **own))

    (listed,) = get(admin, "/v1/workspaces?includeInfo=true")["items"]
    assert listed["info"] == {
        "totalAvailableTools": 1,
        "totalMemoryEntries": 0,
        "totalAgents": 1,
        "totalAgentVariations": 1,
    }


def test_a_workspace_is_addressed_by_the_customers_own_name():
    admin = make_actor(role=Role.ADMIN, space=make_space(external_id="main desk"))

    assert get(admin, "/v1/workspaces/external_id:main desk/agents")["items"] == []
    theirs = make_actor(role=Role.ADMIN, space=make_space(external_id="theirs"))
    answer = Client().get("/v1/workspaces/external_id:theirs/agents", headers=admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (404, 5)
    by_id = f"/v1/workspaces/{spell(Prefix.WORKSPACE, theirs.space.id)}/agents"
    assert Client().get(by_id, headers=admin.headers).json() == answer.json()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "agent_pools"),
        ("POST", "memory_layers/memlyr_1/entries"),
        ("DELETE", "widget_sessions"),
        ("POST", "widgets/wgt_1:archive"),
        ("GET", "search/tools_or_tool_sets?query=x"),
    ],
)
def test_what_is_not_built_says_so(method, path):
    admin = make_actor(role=Role.ADMIN)
    root = f"/v1/workspaces/{spell(Prefix.WORKSPACE, admin.space.id)}"
    answer = Client().generic(method, f"{root}/{path}", headers=admin.headers)

    assert (answer.status_code, answer.json()["code"]) == (501, 12)
    assert answer.json()["message"].endswith(" is not built.")


def test_what_is_not_built_is_no_error_in_the_log(caplog):
    admin = make_actor(role=Role.ADMIN)
    root = f"/v1/workspaces/{spell(Prefix.WORKSPACE, admin.space.id)}"
    answers = [
        Client().generic(method, f"{root}/{path}", headers=admin.headers)
        for method, path in [("GET", "widgets"), ("PUT", "agents")]
    ]

    assert [answer.status_code for answer in answers] == [501, 501]
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("GET", "agents/agent_1/schedules", "agents:read"),
        ("POST", "agents/agent_1/schedules/agentsch_1:pause", "agents:manage"),
        ("PATCH", "memory_layers/memlyr_1/entries/mement_1", "memory:manage"),
        ("GET", "widget_sessions", "widget_sessions:read"),
        ("DELETE", "widget_sessions", "widget_sessions:manage"),
        ("POST", "uploads", "files:manage"),
    ],
)
def test_what_is_not_built_asks_for_its_permission_first(method, path, permission):
    admin = make_actor(role=Role.ADMIN)
    address = f"/v1/workspaces/{spell(Prefix.WORKSPACE, admin.space.id)}/{path}"
    resource, _, verb = permission.partition(":")
    wrong = ["objectives:manage", f"{resource}:read"] if verb == "manage" else ["objectives:manage"]
    answers = []
    for granted in (wrong, [permission]):
        _, token = create_key(
            principal=admin.principal, name=str(granted), permissions=granted, spaces=None, now=NOW
        )
        answers.append(Client().generic(method, address, headers={"Authorization": f"Bearer {token}"}))

    refused, told = answers
    assert (refused.status_code, refused.json()["code"]) == (403, 7)
    assert refused.json()["message"] == f"This needs the permission {permission}."
    assert (told.status_code, told.json()["code"]) == (501, 12)
