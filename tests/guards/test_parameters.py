"""In the workspace API no query parameter is documented but refused, or taken but not documented."""

import json

import pytest
from django.db import transaction
from django.test import Client
from pydantic.alias_generators import to_snake

from config.openapi.views import document
from objectives.api.compat import not_built, older
from spaces.models import Role
from tests.executions.api.test_document import plain
from tests.factories import make_actor
from tests.guards.routes import every_route, known_to
from tests.guards.things import body_for, things_of

pytestmark = pytest.mark.django_db

CURL = {"User-Agent": "curl/8.0"}
SDK = "cadenya-python/9.9.0 (api 1.0)"
API = [
    route for route in every_route() if route.is_of_workspaces and not route.template.startswith("api-proxy/")
]
NOT_BUILT = {f"v1/{route.pattern}" for route in not_built.urlpatterns}
BUILT = [route for route in API if route.template not in NOT_BUILT]
OLDER = {f"v1/{route.pattern}" for route in older.urlpatterns}


@pytest.fixture
def owner():
    return make_actor(role=Role.ADMIN)


def ask(route, values, headers, query=""):
    """Status and message; what the request changes is undone."""
    body = json.dumps(body_for(route.template, values))
    content = {} if route.method == "GET" else {"data": body, "content_type": "application/json"}
    with transaction.atomic():
        path = f"{route.path(values)}?{query}"
        answer = Client().generic(route.method, path, headers={**CURL, **headers}, **content)
        transaction.set_rollback(True)
    return answer.status_code, answer.json().get("message", "")


def test_what_is_documented_is_what_is_declared():
    paths = document()["paths"]
    described = {
        (route.method, route.template): {
            parameter["name"]
            for parameter in paths[f"/{plain(route.template)}"][route.method.lower()].get("parameters", [])
            if parameter["in"] == "query"
        }
        for route in API
        if route.template not in OLDER
    }

    declared = {
        (route.method, route.template): set(known_to(route)) for route in API if route.template not in OLDER
    }
    assert described == declared
    assert sum(map(len, declared.values())) > 100


def test_what_is_declared_is_taken_in_either_spelling(owner):
    values = things_of(owner)

    for route in BUILT:
        for name in known_to(route):
            for spelling in (name, to_snake(name)):
                status, message = ask(route, values, owner.headers, f"{spelling}=")
                assert "Unknown query parameter" not in message, (route, spelling)
                assert status < 500, (route, spelling)


def test_what_is_not_declared_is_refused_and_named_but_not_to_the_official_clients(owner):
    values = things_of(owner)

    for route in BUILT:
        status, message = ask(route, values, owner.headers, "nonsense=1")
        assert (status, message.startswith("nonsense: Unknown query parameter")) == (400, True), route
        by_sdk = {**owner.headers, "User-Agent": SDK}
        assert ask(route, values, by_sdk, "nonsense=1")[0] == ask(route, values, by_sdk)[0], route


def test_what_is_not_built_says_so_whatever_it_is_asked_with(owner):
    values = things_of(owner)

    answers = {ask(route, values, owner.headers, "limit=5")[0] for route in API if route not in BUILT}

    assert answers == {501}
