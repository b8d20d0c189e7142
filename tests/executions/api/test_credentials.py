"""Who may call: keys in two headers, sessions with their CSRF token, and operators who may read any space."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from spaces.keys import create_key, revoke_key
from spaces.models import Membership, Principal, PrincipalKind, Role
from tests.executions.api.speaking import Api, make_execution
from tests.factories import NOW, make_actor, make_operator, make_skill, make_space

pytestmark = pytest.mark.django_db


def make_person(space, *, role=Role.MEMBER, email="ada@example.com"):
    person = Principal.objects.create(
        tenant=space.tenant, kind=PrincipalKind.PERSON, email=email, display_name="Ada", created_at=NOW
    )
    Membership.objects.create(space=space, principal=person, role=role, created_at=NOW)
    return person


def signed_in(person):
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    return client


def tools_of(space):
    return f"/v1/spaces/{space.id}/tools"


@pytest.mark.parametrize("name", ["Authorization", "X-API-Key"])
def test_a_key_is_taken_from_either_header(name):
    actor = make_actor()
    token = f"Bearer {actor.token}" if name == "Authorization" else actor.token

    assert Client().get(tools_of(actor.space), headers={name: token}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic dXNlcjpwYXNz"},
        {"Authorization": "Bearer cb_000000000000_secret"},
        {"Authorization": "Bearer cb_\x00_x"},
        {"Authorization": "Bearer " + "x" * 5000},
        {"X-API-Key": "cb__"},
        {"X-API-Key": "ünïcödé"},
    ],
)
def test_without_a_valid_key_it_is_a_401_with_a_challenge(headers):
    response = Client().get(tools_of(make_space()), headers=headers)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'
    assert list(response.json()) == ["detail"]


def test_a_known_prefix_with_another_secret_is_a_401():
    actor = make_actor()
    token = actor.token[:-4] + ("aaaa" if not actor.token.endswith("aaaa") else "bbbb")

    response = Client().get(tools_of(actor.space), headers={"X-API-Key": token})

    assert response.status_code == 401


def test_a_revoked_key_is_a_401():
    actor = make_actor()
    revoke_key(key_id=actor.key.id, now=NOW)

    assert Api(actor).get("tools").status_code == 401


def test_an_expired_key_is_a_401():
    actor = make_actor()
    _, token = create_key(
        principal=actor.principal,
        name="old",
        permissions=["*"],
        spaces=None,
        now=NOW,
        expires_at=timezone.now() - timedelta(seconds=1),
    )

    assert Client().get(tools_of(actor.space), headers={"X-API-Key": token}).status_code == 401


def test_a_key_of_somebody_who_is_not_active_is_a_401():
    actor = make_actor()
    Principal.objects.filter(pk=actor.principal.pk).update(is_active=False)

    assert Api(actor).get("tools").status_code == 401


def test_a_key_that_is_limited_to_other_spaces_finds_nothing_here():
    here = make_actor()
    there = make_space(tenant=here.tenant)
    Membership.objects.create(space=there, principal=here.principal, role=Role.MEMBER, created_at=NOW)
    _, token = create_key(principal=here.principal, name="k", permissions=["*"], spaces=[there], now=NOW)

    statuses = [
        Client().get(tools_of(space), headers={"X-API-Key": token}).status_code
        for space in (there, here.space)
    ]

    assert statuses == [200, 404]


def test_a_key_reads_what_its_permissions_name():
    make_skill()
    reader = Api(make_actor(permissions=("skills:read",)))

    assert reader.get("tools").status_code == 200
    assert reader.get("skills/executions").status_code == 403
    assert reader.get("skills/executions").json() == {"detail": "This needs the permission executions:read."}


def test_an_archived_space_is_a_404():
    actor = make_actor(space=make_space(archived_at=NOW))

    assert Api(actor).get("tools").status_code == 404


def test_the_last_use_of_a_key_is_kept():
    actor = make_actor()

    Api(actor).get("tools")

    actor.key.refresh_from_db()
    assert timezone.now() - actor.key.last_used_at < timedelta(minutes=1)


def test_a_person_reads_by_session():
    space = make_space()

    assert signed_in(make_person(space)).get(tools_of(space)).status_code == 200


def test_a_person_writes_by_session_only_with_the_csrf_token():
    make_skill()
    space = make_space()
    client = signed_in(make_person(space))
    path = f"/v1/spaces/{space.id}/tools/echo/execute"
    body = {"arguments": {"text": "hi"}}

    without = client.post(path, body, content_type="application/json")
    client.cookies["csrftoken"] = "a" * 32
    token = {"X-CSRFToken": "a" * 32}
    given = client.post(path, body, content_type="application/json", headers=token)

    assert without.status_code == 403
    assert without.json()["detail"].startswith("CSRF Failed")
    assert given.status_code == 201


def test_a_wrong_key_is_not_saved_by_a_session():
    space = make_space()
    client = signed_in(make_person(space))

    assert client.get(tools_of(space), headers={"X-API-Key": "wrong"}).status_code == 401


def test_a_person_of_another_tenant_finds_nothing():
    person = make_person(make_space())

    assert signed_in(person).get(tools_of(make_space())).status_code == 404


def test_an_operator_reads_and_steers_any_space_by_session():
    make_skill()
    execution = make_execution(make_actor())
    client = Client()
    client.force_login(make_operator())
    path = f"/v1/spaces/{execution.space_id}/skills/executions/{execution.id}"

    assert client.get(path).status_code == 200
    assert client.post(f"{path}/cancel").json()["data"]["state"] == "cancelled"


def test_too_many_requests_of_one_key_are_a_429(settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {"key": "3/day"}}
    cache.clear()
    busy, other = Api(make_actor()), Api(make_actor())

    answers = [busy.get("tools") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 0 < int(answers[3]["Retry-After"]) <= 86_400
    assert list(answers[3].json()) == ["detail"]
    assert other.get("tools").status_code == 200


def test_a_dead_redis_does_not_stop_requests(settings):
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "redis://127.0.0.1:1/0"}}

    assert Api(make_actor()).get("tools").status_code == 200


def test_answers_are_not_kept_by_anybody():
    assert Api(make_actor()).get("tools")["Cache-Control"] == "no-store"
