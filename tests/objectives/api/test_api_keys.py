"""API keys over the API: what they reach, who may change them, and when their token is shown."""

from datetime import timedelta

import orjson
import pytest
from django.test import Client
from django.utils import timezone

from objectives.ids import Prefix, spell
from spaces.access import Caller
from spaces.identity import caller_of_identity, identity_of, living
from spaces.keys import Unauthenticated, create_key
from spaces.models import ApiKey, Membership, Principal, PrincipalKind, Role
from spaces.tickets import issue_ticket, redeem_ticket
from tests.factories import NOW, make_actor, make_space

pytestmark = pytest.mark.django_db
KEYS = "/v1/account/api_keys"


@pytest.fixture
def admin():
    return make_actor(role=Role.ADMIN)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def call(who, method, path, body=None):
    """Status and JSON; `who` is an actor or a token."""
    headers = bearer(who) if isinstance(who, str) else who.headers
    content = {} if body is None else {"data": orjson.dumps(body), "content_type": "application/json"}
    answer = Client().generic(method, path, headers=headers, **content)
    return answer.status_code, answer.json()


def made(who, **spec):
    """A new key as its maker is shown it."""
    metadata = {"name": "New", "externalId": spec.pop("externalId", "")}
    status, body = call(who, "POST", KEYS, {"metadata": metadata, "spec": {"permissions": ["*"], **spec}})
    assert status == 200, body
    return body


def path_of(key, verb=""):
    return f"{KEYS}/{key['metadata']['id']}{verb}"


def works(token):
    return Client().get("/v1/whoami", headers=bearer(token)).status_code == 200


def test_a_token_is_shown_when_it_is_made_and_never_again(admin):
    key = made(admin, allWorkspaces=True, description="For the shop")
    shown = [call(admin, "GET", path_of(key))[1], *call(admin, "GET", f"{KEYS}?includeInfo=true")[1]["items"]]

    assert works(key["spec"]["token"])
    assert {one["spec"]["token"] for one in shown} == {""}
    assert key["spec"]["description"] == "For the shop"
    status, body = call(admin, "POST", path_of(key, ":reveal"))
    assert (status, body["code"]) == (400, 9)
    assert body["message"] == "A token is stored as a digest; rotate it to get a new one."


def test_a_renewed_key_has_one_token(admin):
    key = made(admin, allWorkspaces=True)
    old = key["spec"]["token"]
    renewed = call(admin, "POST", path_of(key, ":rotate"))[1]

    assert renewed["metadata"]["id"] == key["metadata"]["id"]
    assert not works(old)
    assert works(renewed["spec"]["token"])


@pytest.mark.parametrize("verb", [":rotate", ":disable"])
def test_what_an_old_token_opened_ends_with_it(admin, verb):
    other = create_key(principal=admin.principal, name="k", permissions=["*"], spaces=None, now=NOW)[0]
    identity = identity_of(Caller(admin.principal, other))
    ticket, _ = issue_ticket(caller=Caller(admin.principal, other), session_key=None, now=NOW)
    assert living({identity}, now=NOW) == {identity}

    assert call(admin, "POST", f"{KEYS}/{spell(Prefix.API_KEY, other.id)}{verb}")[0] == 200

    assert living({identity}, now=NOW) == set()
    with pytest.raises(Unauthenticated):
        caller_of_identity(identity, now=NOW)
    with pytest.raises(Unauthenticated):
        redeem_ticket(ticket, now=NOW)


def test_a_disabled_key_is_refused_until_it_is_enabled(admin):
    key = made(admin, allWorkspaces=True)
    token = key["spec"]["token"]

    for _ in range(2):
        assert call(admin, "POST", path_of(key, ":disable"))[1]["state"] == "STATE_DISABLED"
    assert call(token, "GET", "/v1/whoami") == (
        401,
        {"code": 16, "message": "This API key is disabled.", "details": []},
    )
    assert Client().get(f"/v1/spaces/{admin.space.id}/tools", headers=bearer(token)).status_code == 401
    for _ in range(2):
        assert call(admin, "POST", path_of(key, ":enable"))[1]["state"] == "STATE_ENABLED"
    assert works(token)


def test_a_deleted_key_is_gone_and_its_name_is_free(admin):
    key = made(admin, externalId="shop")
    assert call(admin, "DELETE", f"{KEYS}/external_id:shop") == (200, {})

    assert not works(key["spec"]["token"])
    assert call(admin, "GET", path_of(key))[0] == 404
    assert call(admin, "POST", path_of(key, ":enable"))[0] == 404
    assert made(admin, externalId="shop")["metadata"]["externalId"] == "shop"
    body = {"metadata": {"name": "x", "externalId": "shop"}}
    assert call(admin, "POST", KEYS, body)[1]["code"] == 6


def test_a_key_reaches_the_workspaces_that_it_is_assigned_to(admin):
    other = make_space(tenant=admin.tenant, name="Other", external_id="other")
    Membership.objects.create(space=other, principal=admin.principal, role=Role.ADMIN, created_at=NOW)
    here = spell(Prefix.WORKSPACE, admin.space.id)
    key = made(admin, workspaceAssignments=[{"workspaceId": here}])
    token = key["spec"]["token"]

    def reached():
        return {item["metadata"]["name"] for item in call(token, "GET", "/v1/workspaces")[1]["items"]}

    assert reached() == {"Desk"}
    for _ in range(2):
        grown = call(admin, "POST", path_of(key, ":addWorkspace"), {"workspaceId": "external_id:other"})[1]
    assert reached() == {"Desk", "Other"}
    assert {one["name"] for one in grown["info"]["workspaces"]} == {"Desk", "Other"}
    for _ in range(2):
        call(admin, "POST", path_of(key, ":removeWorkspace"), {"workspaceId": here})
    assert reached() == {"Other"}
    assert call(token, "GET", f"/v1/workspaces/{here}/agents")[1]["code"] == 7
    assert call(token, "GET", "/v1/workspaces/external_id:other/agents")[0] == 200


def test_keys_are_changed_as_their_mask_says(admin):
    key = made(admin, allWorkspaces=True, description="old", permissions=["agents:manage"])
    body = {"metadata": {"name": "Renamed"}, "spec": {"permissions": ["agents:read"]}}
    changed = call(admin, "PATCH", path_of(key), body)[1]

    assert (changed["metadata"]["name"], changed["spec"]["permissions"]) == ("Renamed", ["agents:read"])
    assert changed["spec"]["description"] == "old"
    changed = call(admin, "PATCH", path_of(key), {"updateMask": "spec.description,spec.permissions"})[1]
    assert (changed["spec"]["description"], changed["spec"]["permissions"]) == ("", [])
    assert call(admin, "PATCH", path_of(key), {"updateMask": "spec.token"})[1]["code"] == 3


@pytest.mark.parametrize("permission", ["everything", "agents", "agents:write", ":read", "x" * 80 + ":read"])
def test_what_is_no_permission_is_refused(admin, permission):
    body = {"metadata": {"name": "x"}, "spec": {"permissions": [permission]}}

    assert call(admin, "POST", KEYS, body)[1]["code"] == 3


def test_a_key_never_grants_more_than_its_maker_has(admin):
    Membership.objects.create(
        space=make_space(tenant=admin.tenant), principal=admin.principal, role=Role.ADMIN, created_at=NOW
    )
    ends = timezone.now() + timedelta(hours=1)
    small, token = create_key(
        principal=admin.principal,
        name="small",
        permissions=["api_keys:manage", "agents:read"],
        spaces=[admin.space],
        now=NOW,
        expires_at=ends,
    )
    elsewhere = spell(Prefix.WORKSPACE, make_space(tenant=admin.tenant).id)

    for spec in (
        {"permissions": ["*"]},
        {"permissions": ["agents:manage"]},
        {"allWorkspaces": True},
        {"workspaceAssignments": [{"workspaceId": elsewhere}]},
    ):
        assert call(token, "POST", KEYS, {"metadata": {"name": "x"}, "spec": spec})[1]["code"] == 7, spec
    key = made(token, permissions=["agents:read"])
    assert ApiKey.objects.get(name="New").expires_at == ends
    grow = {"spec": {"permissions": ["agents:manage"]}}
    assert call(token, "PATCH", path_of(key), grow)[1]["code"] == 7
    assert call(token, "PATCH", path_of(key), {"spec": {"allWorkspaces": True}})[1]["code"] == 7
    large = f"{KEYS}/{spell(Prefix.API_KEY, admin.key.id)}"
    for verb in (":rotate", ":disable", ":enable"):
        assert call(token, "POST", large + verb)[1]["code"] == 7
    assert call(token, "DELETE", large)[1]["code"] == 7
    assert small.permissions == ApiKey.objects.get(pk=small.pk).permissions


def test_members_see_their_own_keys_and_administrators_all(admin):
    member = make_actor(space=admin.space, name="member")
    stranger = make_actor(name="stranger", role=Role.ADMIN)

    def names(who):
        return {item["metadata"]["name"] for item in call(who, "GET", KEYS)[1]["items"]}

    assert names(member) == {"member"}
    assert names(admin) == {"owner", "member"}
    assert names(stranger) == {"stranger"}
    theirs = f"{KEYS}/{spell(Prefix.API_KEY, admin.key.id)}"
    for who in (member, stranger):
        assert call(who, "GET", theirs)[0] == 404
        assert call(who, "POST", f"{theirs}:rotate")[0] == 404


def test_an_administrator_of_one_space_has_no_power_over_keys_that_reach_others(admin):
    wide = make_actor(space=admin.space, name="wide")
    elsewhere = make_space(tenant=admin.tenant)
    Membership.objects.create(space=elsewhere, principal=wide.principal, role=Role.ADMIN, created_at=NOW)
    path = f"{KEYS}/{spell(Prefix.API_KEY, wide.key.id)}"

    assert call(admin, "POST", f"{path}:rotate")[1]["code"] == 7
    assert call(admin, "POST", f"{path}:disable")[1]["code"] == 7
    Membership.objects.create(space=elsewhere, principal=admin.principal, role=Role.ADMIN, created_at=NOW)
    assert call(admin, "POST", f"{path}:disable")[0] == 200


def test_nobody_renews_the_key_of_another_person(admin):
    person = Principal.objects.create(
        tenant=admin.tenant,
        kind=PrincipalKind.PERSON,
        email="p@example.com",
        display_name="P",
        created_at=NOW,
    )
    Membership.objects.create(space=admin.space, principal=person, role=Role.VIEWER, created_at=NOW)
    key, _ = create_key(principal=person, name="p", permissions=["agents:read"], spaces=None, now=NOW)

    status, body = call(admin, "POST", f"{KEYS}/{spell(Prefix.API_KEY, key.id)}:rotate")
    assert (status, body["code"]) == (403, 7)
    assert call(admin, "POST", f"{KEYS}/{spell(Prefix.API_KEY, key.id)}:disable")[0] == 200


def test_lists_are_filtered_by_workspace_and_name(admin):
    here = spell(Prefix.WORKSPACE, admin.space.id)
    made(admin, workspaceAssignments=[{"workspaceId": here}])
    made(admin)  # reaches nothing

    listed = call(admin, "GET", f"{KEYS}?workspaceId={here}&sortOrder=asc")[1]["items"]
    assert [item["metadata"]["name"] for item in listed] == ["owner", "New"]
    assert len(call(admin, "GET", f"{KEYS}?prefix=ne")[1]["items"]) == 2
    assert call(admin, "GET", f"{KEYS}?workspaceId=workspace_x")[1]["code"] == 3


def test_an_expired_key_counts_as_disabled_and_cannot_be_renewed(admin):
    key, _ = create_key(
        principal=admin.principal,
        name="late",
        permissions=[],
        spaces=None,
        now=NOW,
        expires_at=timezone.now() - timedelta(hours=1),
    )
    path = f"{KEYS}/{spell(Prefix.API_KEY, key.id)}"

    assert call(admin, "GET", path)[1]["state"] == "STATE_DISABLED"
    assert call(admin, "POST", f"{path}:rotate")[1]["code"] == 9
