"""API keys as clients before 1.8 address them: those of one workspace, and the one of the account."""

import orjson
import pytest
from django.test import Client

from objectives.ids import Prefix, spell
from spaces.keys import create_key
from spaces.models import ApiKey, Membership, Principal, Role, Space
from spaces.tenants import found_tenant
from tests.factories import NOW, make_actor, make_space
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db
GLOBAL = "/v1/account/global_api_key"
VERBS = ("enable", "disable", "rotate")
ENDED = "The account's first key was revoked, or is not visible to you."


@pytest.fixture
def admin():
    return make_actor(role=Role.ADMIN)


@pytest.fixture
def api(admin):
    return WorkspaceClient(admin)


def call(who, method, path, body=None):
    """Status and JSON; `who` is an actor or a token."""
    headers = {"Authorization": f"Bearer {who}"} if isinstance(who, str) else who.headers
    content = {} if body is None else {"data": orjson.dumps(body), "content_type": "application/json"}
    answer = Client().generic(method, path, headers=headers, **content)
    return answer.status_code, answer.json()


def works(token):
    return call(token, "GET", "/v1/whoami")[0] == 200


def key_of(actor, *spaces: Space, **fields):
    """How a key that reaches these spaces, all without any, is addressed; and its token."""
    given = {"name": "k", "permissions": ["*"], **fields}
    key, token = create_key(principal=actor.principal, spaces=spaces or None, now=NOW, **given)
    return f"/api_keys/{spell(Prefix.API_KEY, key.id)}", token


def test_a_key_made_in_a_workspace_reaches_that_one_only(api, admin):
    elsewhere = make_space(tenant=admin.tenant)
    Membership.objects.create(space=elsewhere, principal=admin.principal, role=Role.ADMIN, created_at=NOW)
    spec = {"description": "For the shop", "permissions": ["agents:read"], "allWorkspaces": True}

    made = api.post("/api_keys", {"metadata": {"name": "Shop", "externalId": "shop"}, "spec": spec})

    here = {"workspaceId": spell(Prefix.WORKSPACE, admin.space.id)}
    assert (made["spec"]["workspaceAssignments"], made["spec"]["allWorkspaces"]) == ([here], False)
    assert (made["spec"]["system"], made["spec"]["description"]) == (False, "For the shop")
    assert works(made["spec"]["token"])
    there = f"/v1/workspaces/{spell(Prefix.WORKSPACE, elsewhere.id)}/agents"
    assert call(made["spec"]["token"], "GET", there)[1]["code"] == 7
    assert api.get("/api_keys/external_id:shop")["spec"]["token"] == ""


def test_a_key_is_managed_in_its_workspace(api, admin):
    made = api.post("/api_keys", {"metadata": {"name": "Shop"}, "spec": {"permissions": ["*"]}})
    path, token = f"/api_keys/{made['metadata']['id']}", made["spec"]["token"]

    assert [api.post(f"{path}:disable")["state"], works(token)] == ["STATE_DISABLED", False]
    assert [api.post(f"{path}:enable")["state"], works(token)] == ["STATE_ENABLED", True]
    renewed = api.post(f"{path}:rotate")["spec"]["token"]
    assert [works(token), works(renewed)] == [False, True]
    patch = {"metadata": {"name": "Store"}, "spec": {"permissions": ["agents:read"]}}
    changed = api.patch(path, patch)
    assert (changed["metadata"]["name"], changed["spec"]["permissions"]) == ("Store", ["agents:read"])
    assert {changed["spec"]["token"], api.get("/api_keys")["items"][0]["spec"]["token"]} == {""}
    assert api.delete(path) == {}
    assert api.refused("get", path)[:2] == (404, 5)
    assert not works(renewed)


def test_where_a_key_reaches_is_not_changed_there(api, admin):
    path, _ = key_of(admin, admin.space)

    kept = api.patch(path, {"metadata": {"name": "n"}, "spec": {"allWorkspaces": True}})

    assert kept["spec"]["allWorkspaces"] is False
    for field in ("all_workspaces", "workspace_assignments"):
        assert api.refused("patch", path, {"updateMask": f"spec.{field}"})[:2] == (400, 3)


def test_the_keys_of_a_workspace_are_those_assigned_to_it(api, admin):
    elsewhere = make_space(tenant=admin.tenant)
    Membership.objects.create(space=elsewhere, principal=admin.principal, role=Role.ADMIN, created_at=NOW)
    ours, _ = key_of(admin, admin.space, name="ours")
    both, _ = key_of(admin, admin.space, elsewhere, name="both")
    theirs, _ = key_of(admin, elsewhere, name="theirs")
    wide, _ = key_of(admin, name="wide")
    founding, _ = key_of(admin, admin.space, name="first", is_default=True)

    page = {"sortOrder": "asc", "limit": 1, "includeInfo": "true"}
    first = api.get("/api_keys", **page)
    second = api.get("/api_keys", cursor=first["pagination"]["nextCursor"], **page)

    assert [first["items"][0]["metadata"]["name"], second["items"][0]["metadata"]["name"]] == ["ours", "both"]
    assert first["items"][0]["info"]["createdBy"]
    assert second["pagination"]["nextCursor"] == ""
    assert [item["metadata"]["name"] for item in api.get("/api_keys?prefix=bo")["items"]] == ["both"]
    assert all(api.get(path)["spec"]["token"] == "" for path in (ours, both))
    for path in (theirs, wide, founding):
        assert api.refused("get", path)[:2] == (404, 5)
        assert api.refused("patch", path, {"metadata": {"name": "x"}})[:2] == (404, 5)
        assert api.refused("delete", path)[:2] == (404, 5)
        assert {api.refused("post", f"{path}:{verb}")[:2] for verb in VERBS} == {(404, 5)}


def test_a_key_that_reaches_further_than_the_caller_is_not_theirs_to_change(admin):
    elsewhere = make_space(tenant=admin.tenant)
    wide = make_actor(space=admin.space, name="wide")
    Membership.objects.create(space=elsewhere, principal=wide.principal, role=Role.ADMIN, created_at=NOW)
    path, _ = key_of(wide, admin.space, elsewhere)
    api = WorkspaceClient(admin)

    assert api.get(path)["metadata"]["name"] == "k"
    assert api.refused("delete", path)[:2] == (403, 7)
    assert {api.refused("post", f"{path}:{verb}")[:2] for verb in VERBS} == {(403, 7)}
    assert api.refused("patch", path, {"metadata": {"name": "x"}})[:2] == (403, 7)


def test_role_and_key_must_both_permit_it(admin):
    member = WorkspaceClient(make_actor(space=admin.space, role=Role.MEMBER, name="member"))
    new = {"metadata": {"name": "x"}}
    path, _ = key_of(member.actor, member.actor.space, name="own")
    reader, token = create_key(
        principal=admin.principal, name="reader", permissions=["api_keys:read"], spaces=None, now=NOW
    )
    keys = f"/v1/workspaces/{spell(Prefix.WORKSPACE, admin.space.id)}/api_keys"

    assert [item["metadata"]["name"] for item in member.get("/api_keys")["items"]] == ["own"]
    assert member.refused("post", "/api_keys", new)[:2] == (403, 7)
    assert member.refused("delete", path)[:2] == (403, 7)
    assert call(token, "GET", keys)[0] == 200
    assert call(token, "POST", keys, new)[1]["code"] == 7
    assert not ApiKey.objects.filter(name="x").exists()
    assert reader.permissions == ["api_keys:read"]


def test_a_key_made_in_a_workspace_grants_no_more_than_its_maker_has(admin):
    _, token = key_of(admin, admin.space, permissions=["api_keys:manage", "agents:read"])
    keys = f"/v1/workspaces/{spell(Prefix.WORKSPACE, admin.space.id)}/api_keys"

    for permissions in (["*"], ["agents:manage"]):
        body = {"metadata": {"name": "x"}, "spec": {"permissions": permissions}}
        assert call(token, "POST", keys, body)[1]["code"] == 7
    body = {"metadata": {"name": "x"}, "spec": {"permissions": ["agents:read"]}}
    assert call(token, "POST", keys, body)[1]["spec"]["permissions"] == ["agents:read"]


def test_the_global_key_is_the_one_that_the_account_was_founded_with():
    founding = found_tenant(name="Acme", admin_email="a@example.com", space_name="Desk", now=NOW)
    other = create_key(principal=founding.admin, name="o", permissions=["*"], spaces=None, now=NOW)[1]

    shown = call(other, "GET", GLOBAL)[1]
    assert (shown["metadata"]["name"], shown["spec"]["token"]) == ("First key", "")
    assert (shown["spec"]["system"], shown["spec"]["allWorkspaces"]) == (True, True)
    for _ in range(2):
        assert call(other, "POST", f"{GLOBAL}:disable")[1]["state"] == "STATE_DISABLED"
    assert not works(founding.token)
    for _ in range(2):
        assert call(other, "POST", f"{GLOBAL}:enable")[1]["state"] == "STATE_ENABLED"
    assert works(founding.token)
    renewed = call(other, "POST", f"{GLOBAL}:rotate")[1]
    assert renewed["metadata"]["id"] == shown["metadata"]["id"]
    assert [works(founding.token), works(renewed["spec"]["token"])] == [False, True]
    assert {call(other, method, GLOBAL)[0] for method in ("DELETE", "PATCH", "POST")} == {501}


def test_the_global_key_is_for_those_who_may_do_as_much(admin):
    founding = found_tenant(name="Acme", admin_email="a@example.com", space_name="Desk", now=NOW)
    member = make_actor(space=founding.space, name="member")
    machine = make_actor(space=founding.space, role=Role.ADMIN, name="machine")
    small = make_actor(space=founding.space, role=Role.ADMIN, permissions=("api_keys:manage",), name="small")

    for stranger in (member, admin):
        assert call(stranger, "GET", GLOBAL) == (404, {"code": 5, "message": ENDED, "details": []})
        assert {call(stranger, "POST", f"{GLOBAL}:{verb}")[0] for verb in VERBS} == {404}
    assert {call(small, "POST", f"{GLOBAL}:{verb}")[0] for verb in VERBS} == {403}
    assert call(machine, "POST", f"{GLOBAL}:rotate")[0] == 403  # its token would act as a person
    assert works(founding.token)
    assert Principal.objects.get(pk=founding.admin.pk).api_keys.count() == 1


def test_an_account_whose_first_key_has_ended_has_none(admin):
    path, _ = key_of(admin, is_default=True)
    assert call(admin, "GET", GLOBAL)[0] == 200

    assert call(admin, "DELETE", f"/v1/account{path}")[0] == 200

    assert call(admin, "GET", GLOBAL)[1]["message"] == ENDED
