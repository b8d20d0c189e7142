"""In the workspace API a stranger finds nothing, and a colleague who is not assigned may do nothing."""

import json

import pytest
from django.db import transaction
from django.test import Client

from objectives.ids import Prefix, spell
from spaces.keys import create_key, revoke_key
from spaces.models import Membership, Role
from tests.factories import NOW, make_actor, make_space, unknown_id
from tests.guards.routes import every_route
from tests.guards.things import body_for, things_of, unknown_things

pytestmark = pytest.mark.django_db

API = [
    route for route in every_route() if route.is_of_workspaces and not route.template.startswith("api-proxy/")
]
OF_A_WORKSPACE = [route for route in API if route.template.startswith("v1/workspaces/")]
OF_AN_ACCOUNT = [route for route in API if route not in OF_A_WORKSPACE]
NOT_BUILT = 501
# Anybody with a key may ask these: what they show is the caller's own.
FOR_EVERY_KEY = {"v1/whoami", "v1/workspaces", "v1/account"}
# Only administrators see what belongs to somebody else there.
OF_ONE_PERSON = "v1/workspaces/<ref:workspace_id>/api_keys/<ref:key_id>"


@pytest.fixture
def owner():
    return make_actor(role=Role.ADMIN)


def ask(route, values, headers):
    """Status and body; whatever the request changes is undone, so that one world serves the whole walk."""
    body = json.dumps(body_for(route.template, values))
    content = {} if route.method == "GET" else {"data": body, "content_type": "application/json"}
    with transaction.atomic():
        answer = Client().generic(route.method, route.path(values), headers=headers, **content)
        transaction.set_rollback(True)
    return answer.status_code, answer.json()


def code(answer):
    """HTTP status and the code of the Status body, which every error has."""
    status, body = answer
    assert set(body) == {"code", "message", "details"}, body
    return status, body["code"]


def is_read(answer):
    """It is shown, or there is no such thing in this state, or it is not built."""
    return answer[0] in {200, NOT_BUILT} or code(answer) == (400, 9)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_the_walk_sees_both_kinds_of_routes():
    assert len(OF_A_WORKSPACE) > 50
    assert len(OF_AN_ACCOUNT) > 10


def test_every_name_of_a_path_has_a_value(owner):
    things = things_of(owner)

    for route in API:
        assert "<" not in route.path(things)


def test_without_credentials_it_is_a_401(owner):
    values = things_of(owner)
    wrong = [{}, bearer("cb_0123456789ab_wrong"), {"Authorization": "Basic x"}]

    let_in = [str(route) for route in API for h in wrong if code(ask(route, values, h)) != (401, 16)]

    assert let_in == []


def test_with_a_revoked_key_it_is_a_401(owner):
    values = things_of(owner)
    revoke_key(key_id=owner.key.id, now=NOW)

    assert [str(route) for route in API if code(ask(route, values, owner.headers)) != (401, 16)] == []


def test_a_strangers_key_finds_what_an_unknown_workspace_has(owner):
    values = things_of(owner)
    stranger = make_actor(role=Role.ADMIN, name="stranger")
    nowhere = {**values, "workspace_id": spell(Prefix.WORKSPACE, unknown_id())}

    for route in OF_A_WORKSPACE:
        here, there = (ask(route, given, stranger.headers) for given in (values, nowhere))
        assert here == there, route
        assert code(here) == (404, 5), route


def test_a_colleague_who_is_not_assigned_is_refused(owner):
    """The same account without membership, and the same person with a key for elsewhere."""
    values = things_of(owner)
    elsewhere = make_space(tenant=owner.tenant)
    colleague = make_actor(space=elsewhere, role=Role.ADMIN, name="colleague")
    Membership.objects.create(space=elsewhere, principal=owner.principal, role=Role.ADMIN, created_at=NOW)
    limited = create_key(principal=owner.principal, name="k", permissions=["*"], spaces=[elsewhere], now=NOW)

    for route in OF_A_WORKSPACE:
        for headers in (colleague.headers, bearer(limited[1])):
            assert code(ask(route, values, headers)) == (403, 7), route


def test_a_key_without_permissions_may_do_nothing(owner):
    values = things_of(owner)
    _, token = create_key(principal=owner.principal, name="k", permissions=[], spaces=None, now=NOW)

    for route in API:
        answer = ask(route, values, bearer(token))
        if route.template in FOR_EVERY_KEY:
            assert answer[0] == 200, route
        else:
            assert code(answer) == (403, 7), route


def test_a_viewer_reads_all_but_secrets_and_changes_nothing(owner):
    values = things_of(owner)
    viewer = make_actor(space=owner.space, role=Role.VIEWER, name="viewer")

    for route in OF_A_WORKSPACE:
        answer = ask(route, values, viewer.headers)
        if answer[0] != NOT_BUILT:
            reads = route.method == "GET" and "secret" not in route.template
            if reads and route.template == OF_ONE_PERSON:
                assert code(answer) == (404, 5), route
            else:
                assert is_read(answer) if reads else (code(answer) == (403, 7)), route


def test_a_thing_of_another_workspace_is_what_an_unknown_thing_is(owner):
    theirs = things_of(owner)
    other = make_actor(role=Role.ADMIN, name="other")
    mixed = {**theirs, "workspace_id": spell(Prefix.WORKSPACE, other.space.id)}
    unknown = unknown_things(mixed)

    for route in [route for route in API if set(route.names) - {"workspace_id"}]:
        found, nothing = ask(route, mixed, other.headers), ask(route, unknown, other.headers)
        assert found == nothing, route
        assert found[0] == NOT_BUILT or code(found) == (404, 5), route


def test_the_owner_is_let_in_everywhere(owner):
    """Else the walk would prove nothing: a path that never exists is a 404 to everybody."""
    values = things_of(owner)

    for route in API:
        status, body = ask(route, values, owner.headers)
        assert status not in {401, 403, 404, 405, 500}, (route, body)
        assert route.method != "GET" or is_read((status, body)), (route, body)
