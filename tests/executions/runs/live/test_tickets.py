"""What a ticket for one thing opens of streams and sockets, how often, and when that ends."""

import contextlib
import json
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from websockets.exceptions import ConnectionClosed

from executions.runs.live.held_lookup import MOST_OF_ONE_TICKET
from objectives.ids import Prefix, spell
from objectives.models import ApprovalStatus, Objective
from spaces.keys import revoke_key, rotate_key
from spaces.models import Membership, Principal, Role, Ticket
from tests import asking
from tests.executions.runs.live.clients import events_in, open_socket, receive, send
from tests.executions.runs.live.runs import Run, make_run
from tests.executions.runs.live.server import Server
from tests.factories import NOW, Actor, make_actor
from tests.objectives.factories import make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent

pytestmark = pytest.mark.django_db(transaction=True)


def ticket_of(actor: Actor, *may: str, seconds: int = 60, **named: Any) -> str:
    body = {"for": {name: str(value) for name, value in named.items()}, "seconds": seconds}
    body |= {"may": list(may)} if may else {}
    answer = Client().post("/v1/tickets", body, content_type="application/json", headers=actor.headers)
    assert answer.status_code == 201, answer.content
    ticket: str = answer.json()["data"]["ticket"]
    return ticket


def make_objective(actor: Actor) -> Objective:
    """An objective with a tool call that waits for a decision."""
    tool = make_tool(tool_set=make_tool_set(space=actor.space, created_by=actor.principal))
    objective = begin_objective(actor, make_published_agent(actor, tool))
    ask_for(objective, tool.function_name, approval=ApprovalStatus.WAITING_FOR_APPROVAL)
    return objective


def objective_url(server: Server, objective: Objective) -> str:
    workspace = spell(Prefix.WORKSPACE, objective.space_id)
    address = spell(Prefix.OBJECTIVE, objective.id)
    return f"{server.url}/v1/workspaces/{workspace}/objectives/{address}"


def follow(socket: Any, **target: Any) -> str:
    """The first frame's type, or an error's code."""
    send(socket, type="subscribe", sub="x", **{name: str(value) for name, value in target.items()})
    frame = receive(socket)
    if frame["type"] == "error":
        return str(frame["code"])
    receive(socket)
    send(socket, type="unsubscribe", sub="x")
    while receive(socket)["type"] != "ended":
        pass
    return str(frame["type"])


def test_a_ticket_from_before_the_dispatch_shows_the_whole_run(server: Server):
    actor = make_actor()
    ticket = ticket_of(actor, tool_call_id="functions.x:0")

    with open_socket(server, {}, f"?ticket={ticket}") as socket:
        send(socket, type="subscribe", sub="c", tool_call_id="functions.x:0")
        before = [receive(socket)["type"] for _ in range(2)]
        run = make_run(actor=actor, tool_call_id="functions.x:0")
        snapshot = receive(socket)
        run.finish()
        frames = list(iter(lambda: receive(socket), {"type": "ended", "sub": "c", "reason": "finished"}))
    stream = asking.get(f"{server.events_url(run.execution)}?ticket={ticket}")

    assert before == ["subscribed", "waiting"]
    assert snapshot["object"]["id"] == str(run.execution.id)
    assert [frame["kind"] for frame in frames][-1] == "execution.succeeded"
    assert [seen.seq for seen in events_in(iter(stream.text.splitlines()))] == [1, 2, 3]


def test_a_stream_comes_back_by_the_same_ticket(server: Server):
    run = make_run()
    run.finish()
    url = f"{server.events_url(run.execution)}?ticket={ticket_of(run.actor, tool_call_id='call_1')}"

    first = asking.get(url)
    again = asking.get(url, headers={"Last-Event-ID": "2"})
    done = asking.get(url, headers={"Last-Event-ID": "3"})

    assert [seen.seq for seen in events_in(iter(first.text.splitlines()))] == [1, 2, 3]
    assert [seen.seq for seen in events_in(iter(again.text.splitlines()))] == [3]
    assert done.status_code == 204


def test_the_stream_of_an_objective_opens_by_its_ticket(server: Server):
    actor = make_actor()
    objective, beside = make_objective(actor), make_objective(actor)
    ticket = ticket_of(actor, objective_id=objective.id)

    with asking.stream("GET", f"{objective_url(server, objective)}/events:stream?ticket={ticket}") as own:
        first = next(line for line in own.iter_lines() if line.startswith("data: "))
    other = asking.get(f"{objective_url(server, beside)}/events:stream?ticket={ticket}")

    assert own.status_code == 200
    assert json.loads(first.removeprefix("data: "))["metadata"]["id"]
    assert other.status_code == 404


def test_several_sockets_open_by_one_ticket(server: Server):
    run = make_run()
    ticket = ticket_of(run.actor, execution_id=run.execution.id)

    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(open_socket(server, {}, f"?ticket={ticket}")) for _ in range(3)]
        assert [follow(socket, execution_id=run.execution.id) for socket in sockets] == ["subscribed"] * 3


def test_a_lookup_is_held_for_a_ticket_that_is_for_its_call(server: Server):
    actor = make_actor()
    tickets = [ticket_of(actor, tool_call_id=name) for name in ("call_1", "call_2")]
    url, headers = server.lookup_url(actor.space, "call_1"), {"Prefer": "wait=20"}

    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(asking.get, f"{url}?ticket={tickets[0]}", headers=headers)
        refused = asking.get(f"{url}?ticket={tickets[1]}", headers=headers)
        time.sleep(2)  # by now it is held, however slow the machine is
        run = make_run(actor=actor)
        found = waiting.result(60)

    assert (refused.status_code, "preference-applied" in refused.headers) == (404, False)
    assert (found.status_code, found.headers["preference-applied"]) == (200, "wait=20")
    assert found.json()["data"]["id"] == str(run.execution.id)


def test_a_ticket_holds_so_many_lookups_however_it_is_written(server: Server):
    actor = make_actor()
    ticket = ticket_of(actor, tool_call_id="call_1")
    url = server.lookup_url(actor.space, "call_1")
    queries = [f"?ticket={ticket}&ticket=x{number}" for number in range(MOST_OF_ONE_TICKET + 5)]

    with contextlib.ExitStack() as opened:
        waiting = [opened.enter_context(begin_waiting(server, url + query)) for query in queries]
        assert any(is_refused_at_once(f"{url}?ticket={ticket}&ticket=y") for _ in range(20))
        make_run(actor=actor)
        answers = [client.makefile("rb").readline().split()[1] for client in waiting]

    assert set(answers) == {b"200", b"404"}
    assert 0 < answers.count(b"200") <= MOST_OF_ONE_TICKET


def begin_waiting(server: Server, url: str) -> socket.socket:
    """A lookup that waits as long as it may, sent and not yet answered."""
    client = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    path = url.removeprefix(server.url)
    client.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nPrefer: wait=30\r\n\r\n".encode()
    )
    return client


def is_refused_at_once(url: str) -> bool:
    """Whether a lookup is answered without having been held; where it is held, it is for a second."""
    return "preference-applied" not in asking.get(url, headers={"Prefer": "wait=1"}).headers


# By what a ticket is for: the targets that it may subscribe to; every other one is refused.
FOLLOWS = {
    "tool_call_id": {"own call", "own execution"},
    "execution_id": {"own call", "own execution"},
    "objective_id": {"own objective", "call of the objective"},
    "space_id": {
        "own call",
        "own execution",
        "own objective",
        "call of the objective",
        "other call",
        "other execution",
        "other objective",
        "unborn call",
        "space",
    },
}


@pytest.mark.parametrize("kind", FOLLOWS)
def test_a_socket_follows_what_its_ticket_is_for_and_nothing_else(server: Server, kind: str):
    run = make_run()
    actor = run.actor
    other = make_run(actor=actor, tool_call_id="call_2")
    objective, beside = make_objective(actor), make_objective(actor)
    of_objective = spell(Prefix.TOOL_CALL, objective.tool_calls.get().id)
    names = {
        "tool_call_id": "call_1",
        "execution_id": run.execution.id,
        "objective_id": objective.id,
        "space_id": actor.space.id,
    }
    targets: dict[str, dict[str, Any]] = {
        "own call": {"tool_call_id": "call_1"},
        "own execution": {"execution_id": run.execution.id},
        "own objective": {"objective_id": objective.id},
        "call of the objective": {"tool_call_id": of_objective},
        "other call": {"tool_call_id": "call_2"},
        "other execution": {"execution_id": other.execution.id},
        "other objective": {"objective_id": beside.id},
        "unborn call": {"tool_call_id": "call_3"},
        "space": {"space_id": actor.space.id},
        "foreign space": {"space_id": make_actor(name="x").space.id},
    }

    with open_socket(server, {}, f"?ticket={ticket_of(actor, **{kind: names[kind]})}") as socket:
        answers = {name: follow(socket, **target) for name, target in targets.items()}

    assert {name for name, answer in answers.items() if answer == "subscribed"} == FOLLOWS[kind]
    assert set(answers.values()) <= {"subscribed", "not_found"}


def test_a_call_in_another_thread_is_none_of_the_tickets(server: Server):
    actor = make_actor()
    make_run(actor=actor, tool_call_id="functions.x:0", thread_id="t2")
    ticket = ticket_of(actor, tool_call_id="functions.x:0", thread_id="t1")

    with open_socket(server, {}, f"?ticket={ticket}") as socket:
        assert follow(socket, tool_call_id="functions.x:0", thread_id="t2") == "not_found"
        send(socket, type="subscribe", sub="c", tool_call_id="functions.x:0")
        before = [receive(socket)["type"] for _ in range(2)]
        run = make_run(actor=actor, tool_call_id="functions.x:0", thread_id="t1")
        snapshot = receive(socket)

    assert before == ["subscribed", "waiting"]
    assert snapshot["object"]["id"] == str(run.execution.id)


def test_a_ticket_that_may_not_read_follows_nothing(server: Server):
    run = make_run()
    ticket = ticket_of(run.actor, "decide", "cancel", tool_call_id="call_1")

    with open_socket(server, {}, f"?ticket={ticket}") as socket:
        answers = {follow(socket, execution_id=run.execution.id), follow(socket, tool_call_id="call_1")}
    stream = asking.get(f"{server.events_url(run.execution)}?ticket={ticket}")

    assert answers == {"not_permitted"}
    assert stream.status_code == 403


def test_streams_open_for_what_a_ticket_is_for_and_for_nothing_else(server: Server):
    run = make_run()
    actor = run.actor
    objective, beside = make_objective(actor), make_objective(actor)
    streams = {
        "execution": server.events_url(run.execution),
        "other execution": server.events_url(make_run(actor=actor, tool_call_id="call_2").execution),
        "objective": f"{objective_url(server, objective)}/events:stream",
        "other objective": f"{objective_url(server, beside)}/events:stream",
    }
    tickets = {
        "call": ticket_of(actor, tool_call_id="call_1"),
        "objective": ticket_of(actor, objective_id=objective.id),
    }

    opened = {
        (of, name): asking.head(f"{url}?ticket={ticket}").status_code
        for of, ticket in tickets.items()
        for name, url in streams.items()
    }

    allowed = {("call", "execution"), ("objective", "objective")}
    assert opened == {key: 200 if key in allowed else 404 for key in opened}


def test_no_ticket_starts_an_objective(server: Server):
    actor = make_actor()
    objective = make_objective(actor)
    ticket = ticket_of(actor, "read", "decide", "cancel", space_id=actor.space.id)
    url = objective_url(server, objective).rpartition("/")[0] + ":stream"
    body = {
        "agentId": spell(Prefix.AGENT, objective.agent_id),
        "firstUserMessage": "Hello",
        "metadata": {"externalId": "new"},
    }

    answer = asking.post(f"{url}?ticket={ticket}", json=body)

    assert (answer.status_code, answer.json()["code"]) == (403, 7)
    assert Objective.objects.count() == 1


def test_a_ticket_for_everything_opens_no_stream_and_is_not_used_up_by_trying(server: Server):
    run = make_run()
    answer = Client().post("/v1/tickets", headers=run.actor.headers)
    ticket = answer.json()["data"]["ticket"]

    stream = asking.get(f"{server.events_url(run.execution)}?ticket={ticket}")

    assert stream.status_code == 401
    with open_socket(server, {}, f"?ticket={ticket}") as socket:
        assert follow(socket, space_id=run.actor.space.id) == "subscribed"


def revoke(run: Run) -> None:
    revoke_key(key_id=run.actor.key.id, now=timezone.now())


def rotate(run: Run) -> None:
    rotate_key(key_id=run.actor.key.id, now=timezone.now())


def leave(run: Run) -> None:
    Membership.objects.filter(principal=run.actor.principal).delete()


def deactivate(run: Run) -> None:
    Principal.objects.filter(pk=run.actor.principal.pk).update(is_active=False)


def nothing(run: Run) -> None:
    """Its seconds are over by themselves."""


ENDS = [(revoke, 60), (rotate, 60), (leave, 60), (deactivate, 60), (nothing, 3)]


@pytest.mark.parametrize(("end", "seconds"), ENDS, ids=lambda value: getattr(value, "__name__", None))
def test_what_it_opened_ends_soon_after_it(server: Server, end: Callable[[Run], None], seconds: int):
    run = make_run()
    ticket = ticket_of(run.actor, tool_call_id="call_1", seconds=seconds)
    url = f"{server.events_url(run.execution)}?after=2&ticket={ticket}"

    with (
        asking.stream("GET", url) as stream,
        open_socket(server, {}, f"?ticket={ticket}") as socket,
    ):
        assert stream.status_code == 200
        send(socket, type="subscribe", sub="a", tool_call_id="call_1", after=2)
        assert receive(socket)["type"] == "subscribed"
        end(run)
        code = receive(socket)["code"]
        seen = list(events_in(stream.iter_lines()))
        again = asking.get(url).status_code

    assert seen == []
    assert (code, again) == (("not_found", 404) if end is leave else ("unauthenticated", 401))


def test_a_socket_by_a_persons_ticket_ends_with_their_session(server: Server):
    run = make_run()
    person = Principal.objects.create(
        tenant=run.actor.tenant, email="ada@example.com", display_name="Ada", created_at=NOW
    )
    Membership.objects.create(space=run.actor.space, principal=person, role=Role.VIEWER, created_at=NOW)
    browser = Client()
    browser.force_login(person)
    body = {"for": {"tool_call_id": "call_1"}}
    ticket = browser.post("/v1/tickets", body, content_type="application/json").json()["data"]["ticket"]

    with open_socket(server, {}, f"?ticket={ticket}") as socket:
        assert follow(socket, tool_call_id="call_1") == "subscribed"
        browser.logout()
        said = receive(socket)
        with pytest.raises(ConnectionClosed) as closed:
            receive(socket)

    assert (said["code"], closed.value.rcvd.code) == ("unauthenticated", 4401)


def test_one_ticket_does_not_take_all_the_places_of_its_makers_key(server: Server):
    run = make_run()
    ticket = ticket_of(run.actor, tool_call_id="call_1")

    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(open_socket(server, {}, f"?ticket={ticket}")) for _ in range(21)]
        for socket in sockets:
            send(socket, type="ping")
        first = [receive(socket) for socket in sockets]
        own = stack.enter_context(open_socket(server, run.actor.headers))
        send(own, type="ping")

        assert [frame.get("code", frame["type"]) for frame in first] == ["pong"] * 20 + ["too_many"]
        assert receive(own)["type"] == "pong"


def test_a_page_of_another_origin_needs_more_than_a_ticket(server: Server):
    run = make_run()
    ticket = ticket_of(run.actor, tool_call_id="call_1")

    with open_socket(server, {}, f"?ticket={ticket}", origin="https://evil.example") as socket:
        assert receive(socket)["code"] == "not_permitted"
    with open_socket(server, {}, f"?ticket={ticket}", origin="https://app.example.com") as socket:
        assert follow(socket, tool_call_id="call_1") == "subscribed"


def test_a_ticket_that_is_over_is_told_so_at_every_door(server: Server):
    run = make_run()
    ticket = ticket_of(run.actor, tool_call_id="call_1")
    Ticket.objects.update(expires_at=timezone.now())

    with open_socket(server, {}, f"?ticket={ticket}") as socket:
        assert receive(socket)["code"] == "unauthenticated"
    for url in (server.events_url(run.execution), server.lookup_url(run.actor.space, "call_1")):
        assert asking.get(f"{url}?ticket={ticket}").status_code == 401
