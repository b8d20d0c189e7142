"""To a stranger every route says what it says of things that do not exist: no more, and no less."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from objectives.actions.new_objective import NewObjective
from objectives.actions.threads import NewThread, start_thread
from objectives.chat.talking import say
from objectives.ids import Prefix, spell
from objectives.models import ApprovalStatus
from spaces.keys import create_key, revoke_key
from spaces.models import Membership, Role
from tests.executions.api.speaking import keep, make_execution, run
from tests.factories import NOW, make_actor, make_operator, make_skill, make_space, make_tenant, unknown_id
from tests.guards.routes import every_route
from tests.objectives.agent_loop.working import bare_tool
from tests.objectives.runs import ask_for, make_published_agent

pytestmark = pytest.mark.django_db

# Routes that anybody may ask, each for a reason. A route that is gone must leave this list too.
PUBLIC = {
    "healthz": "a load balancer asks it",
    "readyz": "a load balancer asks it",
    "v1/openapi.json": "describes the API, holds no data",
    "v1/openapi.yaml": "describes the API, holds no data",
    "docs": "reads that description",
    "docs/try": "reads that description",
    "": "the front door, holds no data",
    "sign-in": "where a person without a session goes",
    "sign-out": "ends whatever session there is",
    "spaces/<uuid:space_id>/executions/<uuid:execution_id>": "a page without data: its script asks the API",
    "watch/<uuid:space_id>/<rest:tool_call_id>": "a page without data: its script asks the API",
    "spaces/<uuid:space_id>": "a page without data: its script asks the API",
    "chat/<uuid:space_id>": "a page without data: its script asks the API",
    "chat/<uuid:space_id>/<uuid:thread_id>": "a page without data: its script asks the API",
}
BODIES = {
    "execute": {"arguments": {"text": "hi"}, "tool_call_id": "call_2"},
    "executions": {"inputs": {"text": "hi"}},
    "messages": {"content": "hi"},
    "content": {"content": "hi"},
    "markdown": {"texts": ["hi"]},
}
# Anybody who has such a URL may ask it: it is signed and short-lived, which tests of its own look at.
SIGNED = {"v1/media/<uuid:media_id>", "v1/message-files/<uuid:file_id>"}
EVERYTHING = [
    route
    for route in every_route()
    if route.template not in {*PUBLIC, *SIGNED} and not route.template.startswith("api-proxy/")
]
API = [route for route in EVERYTHING if not route.is_of_workspaces]  # the others are walked beside this
OF_A_SPACE = [route for route in API if "space_id" in route.names]
OF_A_CALLER = [route for route in API if "space_id" not in route.names]
OF_A_THING = [
    route
    for route in OF_A_SPACE
    if {"execution_id", "artifact_id", "tool_call_id", "thread_id", "queued_id", "call_id"} & set(route.names)
]


@pytest.fixture
def owned():
    """What the owner has, by the name under which paths refer to it."""
    actor = make_actor()
    make_skill()
    lease = run(make_execution(actor))
    artifact = keep(lease)
    make_skill(slug="private", tenant=actor.tenant)
    agent = make_published_agent(actor, bare_tool(actor, requires_approval=True))
    wanted = NewObjective(agent=spell(Prefix.AGENT, agent.id), first_user_message="Hello", is_chat=True)
    thread = start_thread(access=actor.access, new=NewThread(objective=wanted), now=NOW)
    call = ask_for(thread.objective, "ask", approval=ApprovalStatus.WAITING_FOR_APPROVAL)
    queued = say(actor.access, thread, "Wait.", now=NOW)
    return actor, {
        "thread_id": thread.pk,
        "call_id": spell(Prefix.TOOL_CALL, call.id),
        "queued_id": queued.pk,
        "space_id": actor.space.id,
        "execution_id": lease.run_id,
        "artifact_id": artifact.id,
        "tool_call_id": "call_1",
        "slug": "private",
        "tool_name": "private",
    }


def ask(route, values, headers, client=None):
    """Status and body of the answer; ids of this very request are made equal, they say nothing."""
    client, path = client or Client(), route.path(values)
    if route.method == "GET":
        response = client.get(path, headers=headers)
    elif route.template.endswith("files/"):
        response = client.post(path, {"files": SimpleUploadedFile("a", b"x")}, headers=headers)
    else:
        body = BODIES.get(route.template.rpartition("/")[2], {})
        send = getattr(client, route.method.lower())
        response = send(path, body, content_type="application/json", headers=headers)
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return response.status_code, re.sub(rb"call_\w+", b"", content)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_the_walk_sees_the_api():
    assert len(API) >= 15
    assert {route.template.partition("/")[0] for route in EVERYTHING} == {"v1"}


def test_behind_the_second_prefix_are_the_same_views():
    views = {str(route): route.view for route in every_route()}
    proxied = {name: view for name, view in views.items() if "/api-proxy/" in name}

    assert len(proxied) >= len(EVERYTHING)
    for name, view in proxied.items():
        assert view is views[name.replace("/api-proxy/", "/")]


def test_every_public_route_still_exists():
    assert set(PUBLIC) <= {route.template for route in every_route()}


@pytest.mark.parametrize(
    "route", [route for route in every_route() if route.template in PUBLIC and route.names], ids=str
)
def test_a_public_page_of_something_real_is_that_of_nothing(owned, route):
    _, values = owned
    nothing = {name: unknown_id() if name != "tool_call_id" else "call_none" for name in values}
    shown = []
    for given in (values, nothing):
        status, body = ask(route, given, {})
        for value in given.values():
            body = body.replace(str(value).encode(), b"")
        shown.append((status, body))

    assert shown[0] == shown[1]
    assert shown[0][0] == 200


@pytest.mark.parametrize("route", API, ids=str)
def test_without_credentials_it_is_a_401(owned, route):
    _, values = owned
    answers = [ask(route, values, headers) for headers in ({}, bearer("cb_0123456789ab_wrong"))]

    assert [status for status, _ in answers] == [401, 401]


@pytest.mark.parametrize("route", API, ids=str)
def test_with_a_revoked_key_it_is_a_401(owned, route):
    actor, values = owned
    revoke_key(key_id=actor.key.id, now=NOW)

    assert ask(route, values, actor.headers)[0] == 401


@pytest.mark.parametrize("route", OF_A_SPACE, ids=str)
def test_a_strangers_key_finds_what_an_unknown_space_has(owned, route):
    """Another tenant; the same tenant without membership; the same person with a key for elsewhere."""
    actor, values = owned
    stranger = make_actor(space=make_space(tenant=make_tenant(name="Other")), name="stranger")
    colleague = make_actor(space=make_space(tenant=actor.tenant), name="colleague")
    elsewhere = make_space(tenant=actor.tenant)
    Membership.objects.create(space=elsewhere, principal=actor.principal, role=Role.ADMIN, created_at=NOW)
    limited = create_key(principal=actor.principal, name="k", permissions=["*"], spaces=[elsewhere], now=NOW)[
        1
    ]
    nowhere = {**values, "space_id": unknown_id()}

    for headers in (stranger.headers, colleague.headers, bearer(limited)):
        here, there = ask(route, values, headers), ask(route, nowhere, headers)
        assert here == there == (404, b'{"detail":"Not found."}')


@pytest.mark.parametrize("route", OF_A_THING, ids=str)
def test_a_thing_of_another_space_is_what_an_unknown_thing_is(owned, route):
    _, values = owned
    other = make_actor(name="other")
    mixed = {**values, "space_id": other.space.id}
    unknown = {
        **mixed,
        "execution_id": unknown_id(),
        "artifact_id": unknown_id(),
        "tool_call_id": "call_nobody_made",
        "thread_id": unknown_id(),
        "queued_id": unknown_id(),
        "call_id": spell(Prefix.TOOL_CALL, unknown_id()),
    }

    theirs, nobodys = ask(route, mixed, other.headers), ask(route, unknown, other.headers)

    assert theirs == nobodys
    assert theirs[0] == 404


@pytest.mark.parametrize("route", [route for route in OF_A_SPACE if "slug" in route.names], ids=str)
def test_another_tenants_skill_is_what_an_unknown_skill_is(owned, route):
    _, values = owned
    other = make_actor(name="other")
    mixed = {**values, "space_id": other.space.id}

    theirs = ask(route, mixed, other.headers)
    nobodys = ask(route, {**mixed, "slug": "unknown"}, other.headers)

    assert theirs[0] == nobodys[0] == 404
    assert theirs[1].replace(b"private", b"") == nobodys[1].replace(b"unknown", b"")


@pytest.mark.parametrize("route", OF_A_SPACE, ids=str)
def test_the_owner_is_let_in_everywhere(owned, route):
    """Else the walk would prove nothing: a path that never exists is a 404 to everybody."""
    actor, values = owned

    status, body = ask(route, values, actor.headers)

    # Two verbs say no, and say why: retrying what still runs, a content for what waits for approval.
    refuses = route.template.endswith(("/retry", "/content"))
    assert status in ({409} if refuses else {200, 201, 202, 204}), body


@pytest.mark.parametrize("route", OF_A_SPACE, ids=str)
def test_an_operator_sees_every_space_by_session(owned, route):
    _, values = owned
    client = Client()
    client.force_login(make_operator())

    assert ask(route, values, {}, client)[0] in {200, 201, 202, 204, 409}


@pytest.mark.parametrize("route", OF_A_CALLER, ids=str)
def test_what_belongs_to_a_caller_is_made_for_that_caller(owned, route):
    actor, values = owned

    # Markdown is drawn, and nothing is made of it.
    assert ask(route, values, actor.headers)[0] == (200 if route.template.endswith("/markdown") else 201)
