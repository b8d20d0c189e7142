"""Asking for tickets: what they may be for, how long they live, and what is refused."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from objectives.ids import Prefix, spell
from objectives.models import ApprovalStatus
from spaces.ids import to_prefixed
from spaces.keys import create_key
from spaces.models import Membership, Principal, Role, Ticket
from tests.executions.api.speaking import PNG, body_of, keep, make_execution, run
from tests.factories import NOW, make_actor, make_operator, make_skill, make_space, unknown_id
from tests.objectives.factories import make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent

pytestmark = pytest.mark.django_db


def post(actor, body):
    text = json.dumps(body)
    return Client().post("/v1/tickets", text, content_type="application/json", headers=actor.headers)


def minted(actor, body):
    answer = post(actor, body)
    assert answer.status_code == 201, answer.content
    return answer.json()["data"]["ticket"]


def waiting_call(actor):
    """A tool call of an objective that waits for a decision."""
    tool = make_tool(tool_set=make_tool_set(space=actor.space, created_by=actor.principal))
    objective = begin_objective(actor, make_published_agent(actor, tool))
    return ask_for(objective, tool.function_name, approval=ApprovalStatus.WAITING_FOR_APPROVAL)


def call_url(call, verb=""):
    workspace = spell(Prefix.WORKSPACE, call.space_id)
    objective, call_id = spell(Prefix.OBJECTIVE, call.objective_id), spell(Prefix.TOOL_CALL, call.id)
    return f"/v1/workspaces/{workspace}/objectives/{objective}/tool_calls/{call_id}{verb}"


def lookup_url(space, tool_call_id):
    return f"/v1/spaces/{space.id}/skills/executions/by-chat-tool-call/{tool_call_id}"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"{}", "application/json"),
        (b"", "text/plain"),
        (b"--x--\r\n", "multipart/form-data; boundary=x"),
    ],
)
def test_without_a_target_it_stands_for_the_caller_for_a_minute(body, content_type):
    actor = make_actor()

    answer = Client().generic("POST", "/v1/tickets", body, content_type=content_type, headers=actor.headers)

    assert answer.status_code == 201
    ticket = Ticket.objects.get()
    assert (ticket.kind, ticket.expires_at - ticket.created_at) == (None, timedelta(seconds=60))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"for": {"tool_call_id": "c"}}', "text/plain"),
        (b"for=c", "application/x-www-form-urlencoded"),
        (
            b'--x\r\nContent-Disposition: form-data; name="for"\r\n\r\nc\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_a_target_that_is_not_sent_as_json_brings_no_ticket_for_everything(body, content_type):
    actor = make_actor()

    answer = Client().generic("POST", "/v1/tickets", body, content_type=content_type, headers=actor.headers)

    assert answer.status_code in {400, 415}
    assert not Ticket.objects.exists()


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"for": None}, ["for"]),
        ({"for": {}}, ["for"]),
        ({"for": "call_1"}, ["for"]),
        ({"for": {"colour": "red"}}, ["for", "colour"]),
        ({"for": {"tool_call_id": ""}}, ["for", "tool_call_id"]),
        ({"for": {"tool_call_id": 7}}, ["for", "tool_call_id"]),
        ({"for": {"tool_call_id": "a\0b"}}, ["for", "tool_call_id"]),
        ({"for": {"tool_call_id": "x" * 4_097}}, ["for", "tool_call_id"]),
        ({"for": {"tool_call_id": "c", "execution_id": "e"}}, ["for", "execution_id"]),
        ({"for": {"tool_call_id": "c", "objective_id": "e"}}, ["for", "objective_id"]),
        ({"for": {"tool_call_id": "c", "space_id": "nowhere"}}, ["for", "space_id"]),
        ({"for": {"execution_id": "e", "space_id": "s"}}, ["for", "space_id"]),
        ({"for": {"execution_id": "e", "thread_id": "t"}}, ["for", "thread_id"]),
        ({"for": {"thread_id": "t"}}, ["for", "thread_id"]),
        ({"for": {"execution_id": "obj_1"}}, ["for", "execution_id"]),
        ({"for": {"execution_id": "0199AAAA-0000-7000-8000-000000000000"}}, ["for", "execution_id"]),
        ({"for": {"objective_id": "obj_1"}}, ["for", "objective_id"]),
        ({"for": {"space_id": "workspace_1"}}, ["for", "space_id"]),
        ({"for": {"tool_call_id": "c"}, "may": []}, ["may"]),
        ({"for": {"tool_call_id": "c"}, "may": "read"}, ["may"]),
        ({"for": {"tool_call_id": "c"}, "may": None}, ["may"]),
        ({"for": {"tool_call_id": "c"}, "may": ["read", "rule"]}, ["may", 1]),
        ({"for": {"tool_call_id": "c"}, "seconds": 0}, ["seconds"]),
        ({"for": {"tool_call_id": "c"}, "seconds": 86_401}, ["seconds"]),
        ({"for": {"tool_call_id": "c"}, "seconds": True}, ["seconds"]),
        ({"for": {"tool_call_id": "c"}, "seconds": "60"}, ["seconds"]),
        ({"for": {"tool_call_id": "c"}, "until": "noon"}, ["until"]),
        ({"may": ["read"]}, ["may"]),
        ({"seconds": 60}, ["seconds"]),
        ({"scope": "space"}, ["scope"]),
        ([], []),
        ("", []),
    ],
)
def test_what_makes_no_sense_is_a_400_that_names_it(body, loc):
    answer = post(make_actor(), body)

    assert answer.status_code == 400, answer.content
    problem = answer.json()["detail"][0]
    assert problem["loc"] == ["body", *loc]
    assert problem["msg"]
    assert not Ticket.objects.exists()


@pytest.mark.parametrize("member", ["execution_id", "objective_id", "space_id"])
def test_what_the_maker_cannot_see_is_what_does_not_exist(member):
    stranger, owner = make_actor(name="stranger"), make_actor()
    make_skill()
    theirs = {
        "execution_id": make_execution(owner).id,
        "objective_id": waiting_call(owner).objective_id,
        "space_id": owner.space.id,
    }

    answers = [post(stranger, {"for": {member: str(name)}}) for name in (theirs[member], unknown_id())]

    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (404, {"detail": "Not found."})
    ] * 2
    assert post(owner, {"for": {member: str(theirs[member])}}).status_code == 201


def test_ids_are_taken_in_either_spelling():
    actor = make_actor()
    objective_id = waiting_call(actor).objective_id
    spellings = [
        {"objective_id": str(objective_id)},
        {"objective_id": spell(Prefix.OBJECTIVE, objective_id)},
        {"space_id": str(actor.space.id)},
        {"space_id": to_prefixed("workspace", actor.space.id)},
        {"tool_call_id": "c", "space_id": to_prefixed("workspace", actor.space.id)},
    ]

    for named in spellings:
        minted(actor, {"for": named})
    rows = Ticket.objects.order_by("created_at", "id").values_list("kind", "name", "space_id")

    assert list(rows) == [
        *[("objective_id", str(objective_id), actor.space.id)] * 2,
        *[("space_id", str(actor.space.id), actor.space.id)] * 2,
        ("tool_call_id", "c", actor.space.id),
    ]


def test_a_tool_call_need_not_exist_but_its_space_must_be_known():
    actor = make_actor()
    minted(actor, {"for": {"tool_call_id": "call_of_tomorrow"}})
    second = make_space(tenant=actor.tenant)
    Membership.objects.create(space=second, principal=actor.principal, role=Role.MEMBER, created_at=NOW)

    unsaid = post(actor, {"for": {"tool_call_id": "call_of_tomorrow"}})
    said = post(actor, {"for": {"tool_call_id": "call_of_tomorrow", "space_id": str(second.id)}})
    foreign = post(actor, {"for": {"tool_call_id": "c", "space_id": str(make_actor(name="x").space.id)}})

    assert (unsaid.status_code, unsaid.json()["detail"][0]["loc"]) == (400, ["body", "for", "space_id"])
    assert (said.status_code, foreign.status_code) == (201, 404)


@pytest.mark.parametrize(
    ("permissions", "named", "may", "status"),
    [
        (("executions:read",), "tool_call_id", ["read"], 201),
        (("executions:read",), "tool_call_id", ["read", "cancel"], 403),
        (("executions:manage",), "tool_call_id", ["read", "cancel"], 201),
        (("executions:manage",), "tool_call_id", ["decide"], 403),
        (("executions:*", "objectives:manage"), "tool_call_id", ["decide"], 201),
        (("executions:manage",), "space_id", ["read"], 403),
        (("*:read",), "space_id", ["read"], 201),
        (("skills:read",), "tool_call_id", ["read"], 403),
    ],
)
def test_a_ticket_may_do_no_more_than_its_maker(permissions, named, may, status):
    actor = make_actor(permissions=permissions)
    name = {"tool_call_id": "c", "space_id": str(actor.space.id)}[named]

    assert post(actor, {"for": {named: name}, "may": may}).status_code == status


def test_a_viewer_makes_tickets_that_only_read():
    viewer = make_actor(role=Role.VIEWER)

    statuses = [
        post(viewer, {"for": {"tool_call_id": "c"}, "may": [may]}).status_code
        for may in ("read", "decide", "cancel")
    ]

    assert statuses == [201, 403, 403]


@pytest.mark.parametrize(
    ("asked", "lifetime"), [({}, 900), ({"seconds": 1}, 1), ({"seconds": 86_400}, 86_400)]
)
def test_it_lives_as_long_as_it_is_asked_to(asked, lifetime):
    answer = post(make_actor(), {"for": {"tool_call_id": "c"}, **asked})
    ticket = Ticket.objects.get()

    assert ticket.expires_at - ticket.created_at == timedelta(seconds=lifetime)
    assert answer.json()["data"]["expires_at"].endswith("Z")


def test_it_does_not_outlive_its_makers_key():
    actor, soon = make_actor(), timezone.now() + timedelta(seconds=30)
    _, token = create_key(
        principal=actor.principal, name="k", permissions=["*"], spaces=None, now=NOW, expires_at=soon
    )
    headers = {"X-API-Key": token}

    body = {"for": {"tool_call_id": "c"}}
    answer = Client().post("/v1/tickets", body, content_type="application/json", headers=headers)

    assert answer.status_code == 201
    assert Ticket.objects.get().expires_at == soon


def test_no_ticket_begets_a_ticket():
    actor = make_actor()
    for body in ({}, {"for": {"space_id": str(actor.space.id)}}):
        ticket = minted(
            actor, {"for": {"space_id": str(actor.space.id)}, "may": ["read", "decide", "cancel"]}
        )

        answer = Client().post(f"/v1/tickets?ticket={ticket}", body, content_type="application/json")

        assert answer.status_code == 403


def test_a_call_is_found_by_a_ticket_that_is_older_than_its_execution():
    actor = make_actor()
    make_skill()
    ticket = minted(actor, {"for": {"tool_call_id": "call_1"}})
    address = f"{lookup_url(actor.space, 'call_1')}?ticket={ticket}"

    before = Client().get(address)
    execution = make_execution(actor, tool_call_id="call_1")
    after = [Client().get(address) for _ in range(2)]

    assert before.status_code == 404
    assert [answer.json()["data"]["id"] for answer in after] == [str(execution.id)] * 2


def test_a_thread_holds_a_ticket_to_the_call_of_that_thread():
    actor = make_actor()
    make_skill()
    ours = make_execution(actor, tool_call_id="functions.x:0", thread_id="t1")
    theirs = make_execution(actor, tool_call_id="functions.x:0", thread_id="t2")
    ticket = minted(actor, {"for": {"tool_call_id": "functions.x:0", "thread_id": "t1"}})
    lookup = f"{lookup_url(actor.space, 'functions.x:0')}?ticket={ticket}"
    executions = f"/v1/spaces/{actor.space.id}/skills/executions"

    assert Client().get(lookup).json()["data"]["id"] == str(ours.id)
    assert Client().get(f"{lookup}&thread_id=t1").json()["data"]["id"] == str(ours.id)
    assert Client().get(f"{lookup}&thread_id=t2").status_code == 404
    assert Client().get(f"{executions}/{ours.id}?ticket={ticket}").status_code == 200
    assert Client().get(f"{executions}/{theirs.id}?ticket={ticket}").status_code == 404


def test_a_picture_is_loaded_as_often_as_its_page_is():
    actor = make_actor()
    make_skill()
    artifact = keep(run(make_execution(actor, tool_call_id="call_1")))
    ticket = minted(actor, {"for": {"tool_call_id": "call_1"}})
    address = f"/v1/spaces/{actor.space.id}/artifacts/{artifact.id}/download?ticket={ticket}"

    pictures = [body_of(Client().get(address)) for _ in range(2)]

    assert pictures == [PNG, PNG]


@pytest.mark.parametrize("verb", [":approve", ":deny"])
def test_a_call_is_decided_by_ticket_and_its_maker_has_decided_it(verb):
    actor = make_actor()
    call = waiting_call(actor)
    body = {"for": {"objective_id": str(call.objective_id)}, "may": ["decide"]}

    answer = Client().post(
        f"{call_url(call, verb)}?ticket={minted(actor, body)}", {}, content_type="application/json"
    )
    call.refresh_from_db()

    assert answer.status_code == 200
    assert call.approval == (ApprovalStatus.APPROVED if verb == ":approve" else ApprovalStatus.DENIED)
    assert call.decided_by == actor.principal


def test_an_execution_is_cancelled_by_ticket():
    actor = make_actor()
    make_skill()
    execution = make_execution(actor, tool_call_id="call_1")
    ticket = minted(actor, {"for": {"tool_call_id": "call_1"}, "may": ["cancel"]})

    answer = Client().post(
        f"/v1/spaces/{actor.space.id}/skills/executions/{execution.id}/cancel?ticket={ticket}"
    )

    assert (answer.status_code, answer.json()["data"]["state"]) == (200, "cancelled")


def test_a_signed_in_persons_ticket_ends_with_their_session():
    actor = make_actor()
    make_skill()
    execution = make_execution(actor)
    person = Principal.objects.create(
        tenant=actor.tenant, email="ada@example.com", display_name="Ada", created_at=NOW
    )
    Membership.objects.create(space=actor.space, principal=person, role=Role.VIEWER, created_at=NOW)
    browser = Client()
    browser.force_login(person)
    body = {"for": {"execution_id": str(execution.id)}}
    ticket = browser.post("/v1/tickets", body, content_type="application/json").json()["data"]["ticket"]
    address = f"/v1/spaces/{actor.space.id}/skills/executions/{execution.id}?ticket={ticket}"

    before = Client().get(address).status_code
    browser.logout()

    assert (before, Client().get(address).status_code) == (200, 401)


def test_an_operators_ticket_reaches_no_further_than_its_target():
    actor = make_actor()
    make_skill()
    own, other = (make_execution(actor, tool_call_id=name) for name in ("a", "b"))
    browser = Client()
    browser.force_login(make_operator())
    body = {"for": {"execution_id": str(own.id)}}
    ticket = browser.post("/v1/tickets", body, content_type="application/json").json()["data"]["ticket"]
    executions = f"/v1/spaces/{actor.space.id}/skills/executions"

    statuses = [Client().get(f"{executions}/{row.id}?ticket={ticket}").status_code for row in (own, other)]

    assert statuses == [200, 404]
    assert Client().get(f"/admin/?ticket={ticket}").status_code == 302


def test_a_list_is_narrowed_beside_a_ticket():
    actor = make_actor()
    make_skill()
    make_execution(actor)
    ticket = minted(actor, {"for": {"space_id": str(actor.space.id)}})

    answer = Client().get(f"/v1/spaces/{actor.space.id}/skills/executions?state=failed&ticket={ticket}")

    assert (answer.status_code, answer.json()["data"]) == (200, [])


@pytest.mark.parametrize("list_of", ["executions", "objectives"])
def test_the_next_page_is_had_by_a_newer_ticket(list_of):
    actor = make_actor()
    make_skill()
    for name in ("a", "b"):
        make_execution(actor, tool_call_id=name)
        waiting_call(actor)
    workspace = spell(Prefix.WORKSPACE, actor.space.id)
    path, cursor_of = {
        "executions": (
            f"/v1/spaces/{actor.space.id}/skills/executions",
            lambda page: page["meta"]["next_cursor"],
        ),
        "objectives": (
            f"/v1/workspaces/{workspace}/objectives",
            lambda page: page["pagination"]["nextCursor"],
        ),
    }[list_of]
    older, newer = (minted(actor, {"for": {"space_id": str(actor.space.id)}}) for _ in range(2))

    first = Client().get(f"{path}?limit=1&ticket={older}").json()
    second = Client().get(f"{path}?limit=1&ticket={newer}&cursor={cursor_of(first)}")

    assert second.status_code == 200
    assert second.json() != first
