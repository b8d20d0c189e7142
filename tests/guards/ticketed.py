"""Two of everything in one space, tickets for the one, and what the routes say to them."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from objectives.ids import Prefix, read, spell
from objectives.models import ActionKind, ApprovalStatus, Objective, QueuedAction, Thread
from spaces.models import Role
from tests.executions.api.speaking import keep, make_execution, run
from tests.factories import NOW, Actor, make_actor, make_skill
from tests.guards.routes import Route, every_route
from tests.guards.test_tenancy import BODIES, PUBLIC, SIGNED
from tests.guards.things import body_for, things_of
from tests.objectives.runs import ask_for, begin_objective

ROUTES = [
    route
    for route in every_route()
    if route.template not in {*PUBLIC, *SIGNED} and not route.template.startswith("api-proxy/")
]

EXECUTIONS = "v1/spaces/<space:space_id>/skills/executions"
EXECUTION = f"{EXECUTIONS}/<str:execution_id>"
LOOKUP = f"{EXECUTIONS}/by-chat-tool-call/<rest:tool_call_id>"
ARTIFACT = "v1/spaces/<space:space_id>/artifacts/<str:artifact_id>/download"
OBJECTIVES = "v1/workspaces/<ref:workspace_id>/objectives"
OBJECTIVE = f"{OBJECTIVES}/<ref:objective_id>"
CALLS = f"{OBJECTIVE}/tool_calls"
CALL = f"{CALLS}/<ref:tool_call_id>"
THREADS = "v1/spaces/<space:space_id>/threads"
THREAD = f"{THREADS}/<str:thread_id>"
CHAT_CALL = "v1/spaces/<space:space_id>/tool-calls/<str:call_id>"
WAITING = "v1/workspaces/<ref:workspace_id>/waiting"

READS_EXECUTION = {
    f"GET /{path}" for path in (LOOKUP, EXECUTION, f"{EXECUTION}/artifacts", f"{EXECUTION}/archive", ARTIFACT)
}
CANCELS_EXECUTION = {f"POST /{EXECUTION}/cancel"}
READS_CALL = {f"GET /{CALL}"}
DECIDES_CALL = {
    *(f"POST /{CALL}{verb}" for verb in (":approve", ":deny", ":setContent", "/approve", "/deny")),
    *(f"PUT /{CALL}/{verb}" for verb in ("approve", "deny")),
    *(f"POST /{CHAT_CALL}/{verb}" for verb in ("approve", "deny", "content")),
}
READS_OBJECTIVE = {f"GET /{OBJECTIVE}", f"GET /{CALLS}"} | {
    f"GET /{OBJECTIVE}/{part}"
    for part in ("events", "context_windows", "diagnostics", "feedback", "queued_actions", "tools")
}
READS_THREAD = {f"GET /{THREAD}", f"GET /{THREAD}/messages"}
SAYS_IN_THREAD = {
    f"POST /{THREAD}/messages",
    f"DELETE /{THREAD}/messages/<str:queued_id>",
    "POST /v1/spaces/<space:space_id>/chat/<str:thread_id>/stop",
}
BEGINS_THREADS = {f"POST /{THREADS}/messages"}
CANCELS_OBJECTIVE = {f"POST /{OBJECTIVE}:cancel", f"POST /{OBJECTIVE}/cancel"}
READS_SPACE = {f"GET /{path}" for path in (EXECUTIONS, OBJECTIVES, WAITING, THREADS)}

# By what a ticket is for: what it opens by each of its verbs. Everything that is not here is refused.
_OF_OBJECTIVE = {
    "read": READS_OBJECTIVE | READS_CALL | READS_THREAD,
    "decide": DECIDES_CALL,
    "say": SAYS_IN_THREAD,
    "cancel": CANCELS_OBJECTIVE,
}
OPENS: dict[str, dict[str, set[str]]] = {
    "tool_call_id": {"read": READS_EXECUTION, "decide": set(), "say": set(), "cancel": CANCELS_EXECUTION},
    "execution_id": {"read": READS_EXECUTION, "decide": set(), "say": set(), "cancel": CANCELS_EXECUTION},
    "call of an objective": {"read": READS_CALL, "decide": DECIDES_CALL, "say": set(), "cancel": set()},
    "objective_id": _OF_OBJECTIVE,
    "thread_id": _OF_OBJECTIVE,
    "space_id": {
        "read": READS_EXECUTION | READS_OBJECTIVE | READS_CALL | READS_THREAD | READS_SPACE,
        "decide": DECIDES_CALL,
        "say": SAYS_IN_THREAD | BEGINS_THREADS,
        "cancel": CANCELS_EXECUTION | CANCELS_OBJECTIVE,
    },
}
VERBS = ("read", "decide", "say", "cancel")


@dataclass
class World:
    """An owner with two of everything in one space: `own` is what tickets are for, `other` is beside it."""

    actor: Actor
    own: dict[str, str]
    other: dict[str, str]

    def ticket(self, kind: str, *may: str) -> str:
        """A ticket for the thing of this kind in `own`."""
        names = {
            "tool_call_id": ("tool_call_id", "by-chat-tool-call/tool_call_id"),
            "call of an objective": ("tool_call_id", "tool_call_id"),
        }
        member, name = names.get(kind, (kind, kind))
        body = {"for": {member: self.own[name]}, "may": list(may)}
        return minted(self.actor, body)


def minted(actor: Actor, body: dict[str, Any]) -> str:
    answer = Client().post("/v1/tickets", body, content_type="application/json", headers=actor.headers)
    assert answer.status_code == 201, answer.content
    return answer.json()["data"]["ticket"]


def make_world() -> World:
    actor = make_actor(role=Role.ADMIN)
    make_skill()
    make_skill(slug="private", tenant=actor.tenant)
    things = things_of(actor)
    own, other = dict(things), dict(things)
    objective = Objective.objects.get(pk=read(Prefix.OBJECTIVE, things["objective_id"]))
    beside = begin_objective(actor, objective.agent)
    call = ask_for(beside, objective.tool_calls.get().called_as, approval=ApprovalStatus.WAITING_FOR_APPROVAL)
    other["objective_id"] = spell(Prefix.OBJECTIVE, beside.id)
    other["tool_call_id"] = spell(Prefix.TOOL_CALL, call.id)
    queued = QueuedAction.objects.create(
        objective=beside,
        space=actor.space,
        kind=ActionKind.USER_MESSAGE,
        content="Next.",
        created_by=actor.principal,
        created_at=NOW,
    )
    other["queued_action_id"] = spell(Prefix.QUEUED_ACTION, queued.id)
    own |= chat_of(own)
    other |= chat_of(other)
    for values, tool_call_id in ((own, "call_1"), (other, "call_2")):
        lease = run(make_execution(actor, tool_call_id=tool_call_id))
        values |= {
            "space_id": str(actor.space.id),
            "execution_id": str(lease.run_id),
            "artifact_id": str(keep(lease).id),
            "by-chat-tool-call/tool_call_id": tool_call_id,
            "slug": "private",
            "tool_name": "private",
        }
    return World(actor, own, other)


def chat_of(things: dict[str, str]) -> dict[str, str]:
    """The objective as a thread, with what it has queued and its call, as the chat's paths spell them."""
    objective = Objective.objects.get(pk=read(Prefix.OBJECTIVE, things["objective_id"]))
    Thread.objects.create(
        objective=objective,
        space_id=objective.space_id,
        title="Hello",
        created_by_id=objective.created_by_id,
    )
    return {
        "thread_id": str(objective.pk),
        "queued_id": str(read(Prefix.QUEUED_ACTION, things["queued_action_id"])),
        "call_id": things["tool_call_id"],
    }


def ask(route: Route, values: dict[str, str], ticket: str, headers: dict[str, str] | None = None) -> int:
    """The status; whatever the request changes is undone, so that one world serves the whole walk."""
    last = route.template.rpartition("/")[2]
    body = body_for(route.template, values) if route.is_of_workspaces else BODIES.get(last, {})
    content = {"data": json.dumps(body), "content_type": "application/json"}
    address = f"{route.path(values)}?ticket={ticket}"
    with transaction.atomic():
        if route.template.endswith("files/"):
            answer = Client().post(address, {"files": SimpleUploadedFile("a", b"x")}, headers=headers)
        else:
            options = {} if route.method == "GET" else content
            answer = Client().generic(route.method, address, headers=headers, **options)
        if answer.streaming:
            b"".join(answer.streaming_content)
        transaction.set_rollback(True)
    return answer.status_code


def opened(values: dict[str, str], ticket: str, among: Collection[Route] = ROUTES) -> set[str]:
    """The routes that do not refuse; those that do say so in one of three ways.

    What is to be read is shown: another refusal would hide there behind "not one of the three".
    """
    answers = {route: ask(route, values, ticket) for route in among}
    found = {route for route, status in answers.items() if status not in {401, 403, 404}}
    assert {str(route) for route in found if route.method == "GET" and answers[route] >= 400} == set()
    return {str(route) for route in found}


def expected(kind: str, *may: str) -> set[str]:
    return set().union(*(OPENS[kind][verb] for verb in may))
