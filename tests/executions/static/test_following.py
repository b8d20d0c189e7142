"""Calls and executions are followed from another site's page, through whatever happens to its connection."""

import time
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page

from tests.executions.runs.live.runs import make_queued, make_run
from tests.executions.runs.live.server import Server, running_server
from tests.executions.static.pages_elsewhere import open_elsewhere
from tests.factories import Actor, make_actor, make_skill

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def actor() -> Actor:
    make_skill()
    return make_actor()


def ticket(server: Server, actor: Actor, **target: str) -> str:
    """For one thing, or for the whole space."""
    body = {"for": target or {"space_id": str(actor.space.id)}}
    asked = httpx2.post(f"{server.url}/v1/tickets", headers={"X-API-Key": actor.token}, json=body)
    return str(asked.json()["data"]["ticket"])


def let_in(page: Page, server: Server, actor: Actor, **target: str) -> None:
    """Have `client` in the page, by a ticket."""
    open_elsewhere(page, server)
    given = {"ticket": ticket(server, actor, **target), "space": str(actor.space.id)}
    page.evaluate("given => { window.client = callboard.connect({ ...given, url: BASE }); }", given)


def seen(page: Page, *, until: str) -> list[Any]:
    """What the page has noted, once this is among it."""
    page.wait_for_function("until => seen.includes(until)", arg=until)
    found: list[Any] = page.evaluate("seen")
    return found


def test_a_tool_call_is_followed_from_before_its_execution_to_its_end(
    page: Page, server: Server, actor: Actor
) -> None:
    let_in(page, server, actor, tool_call_id="call_1")
    page.evaluate("note(client.followCall('call_1'))")
    assert seen(page, until="waiting") == ["waiting"]

    run = make_run(actor=actor)
    run.say("Hel", "lo")
    run.finish()

    assert seen(page, until="ended") == ["waiting", 1, 2, "Hel", "lo", 5, "ended"]


def test_a_loop_ends_with_the_execution_and_tells_its_last_event(
    page: Page, server: Server, actor: Actor
) -> None:
    run = make_run(actor=actor)
    let_in(page, server, actor, execution_id=str(run.execution.id))
    page.evaluate(
        """id => {
          const run = client.followExecution(id, { after: 1 });
          run.done().then(({ data }) => seen.push(data.outputs.text));
          (async () => { for await (const { seq } of run) seen.push(seq); })();
        }""",
        str(run.execution.id),
    )
    page.wait_for_function("seen.length === 1")
    run.finish()

    assert sorted(seen(page, until="done"), key=str) == [2, 3, "done"]


def test_leaving_a_loop_ends_the_subscription_and_with_the_last_one_the_socket(
    page: Page, server: Server, actor: Actor
) -> None:
    run = make_run(actor=actor)
    let_in(page, server, actor)

    page.evaluate(
        "async id => { for await (const item of client.followExecution(id)) break; }", str(run.execution.id)
    )

    page.wait_for_function("client.status === 'idle' && openSockets[0].readyState === WebSocket.CLOSED")


def test_one_socket_carries_all_that_is_followed(page: Page, server: Server, actor: Actor) -> None:
    first, second = make_run(actor=actor), make_run(actor=actor, tool_call_id="call_2")
    let_in(page, server, actor)

    page.evaluate("note(client.followCall('call_1'))")
    page.evaluate("note(client.followCall('call_2', { after: null }))")
    page.evaluate("note(client.followSpace())")
    page.wait_for_function("seen.filter(item => String(item).startsWith('snapshot')).length === 2")
    first.say("one")
    second.say("two")

    seen(page, until="one")
    seen(page, until="two")
    assert page.evaluate("openSockets.length") == 1


def test_nothing_is_lost_or_doubled_when_the_connection_breaks_again_and_again(
    page: Page, server: Server, actor: Actor
) -> None:
    run = make_run(actor=actor)
    let_in(page, server, actor, tool_call_id="call_1")
    page.evaluate("note(client.followCall('call_1'))")

    for number in range(48):
        run.say(f"{number} ", f"{number}. ")
        if number % 6 == 5:
            page.wait_for_function("openSockets.at(-1).readyState === WebSocket.OPEN")
            page.evaluate("openSockets.at(-1).close()")
    run.finish()

    assert seen(page, until="ended") == [1, 2, *run.texts, run.seq, "ended"]
    # What was under way as the last one closed may have been all that was left.
    assert page.evaluate("openSockets.length") >= 8


def test_a_restart_of_the_server_is_outlived(page: Page, server: Server, actor: Actor) -> None:
    run = make_run(actor=actor)
    with running_server() as before:
        let_in(page, before, actor, tool_call_id="call_1")
        page.evaluate("note(client.followCall('call_1'))")
        run.say("before")
        seen(page, until="before")
    page.wait_for_function("client.status === 'lost'")
    run.say("meanwhile")
    with running_server(port=before.port):
        seen(page, until="meanwhile")
        run.finish()

        assert seen(page, until="ended") == [1, 2, "before", "meanwhile", 5, "ended"]


def test_where_no_socket_opens_events_come_by_sse_until_one_does(
    page: Page, server: Server, actor: Actor
) -> None:
    let_in(page, server, actor, tool_call_id="call_1")
    page.evaluate("isBlocked = true; note(client.followCall('call_1'))")
    seen(page, until="waiting")
    run = make_run(actor=actor)
    run.say("by SSE")
    seen(page, until="by SSE")
    assert page.evaluate("client.status") == "live"

    page.evaluate("isBlocked = false; dispatchEvent(new Event('online'))")
    page.wait_for_function("openSockets.at(-1).readyState === WebSocket.OPEN")
    run.say("by socket")
    run.finish()

    assert seen(page, until="ended") == ["waiting", 1, 2, "by SSE", "by socket", 5, "ended"]


def test_an_end_is_told_by_sse_alone(page: Page, server: Server, actor: Actor) -> None:
    run = make_run(actor=actor)
    let_in(page, server, actor, execution_id=str(run.execution.id))
    page.evaluate("id => { isBlocked = true; note(client.followExecution(id)); }", str(run.execution.id))
    page.wait_for_function("seen.length === 2")
    run.finish()

    assert seen(page, until="ended") == [1, 2, 3, "ended"]


def test_a_page_that_comes_back_connects_at_once(page: Page, server: Server, actor: Actor) -> None:
    make_queued(actor=actor)
    let_in(page, server, actor, tool_call_id="call_1")
    page.evaluate("isBlocked = true; note(client.followCall('call_1', { after: null }))")
    page.wait_for_function("openSockets.length >= 5")  # the next try is seconds away

    page.evaluate("isBlocked = false; document.dispatchEvent(new Event('visibilitychange'))")
    asked = time.monotonic()
    page.wait_for_function("openSockets.at(-1).readyState === WebSocket.OPEN")

    assert time.monotonic() - asked < 3


@pytest.mark.parametrize(
    ("given", "followed", "code"),
    [
        ({"ticket": "cbt_wrong"}, "followCall('call_1')", "unauthenticated"),
        ({"key": "cb_wrong"}, "followCall('call_1')", "unauthenticated"),
        ({}, "followExecution('01a203d7-0000-7000-8000-000000000000')", "not_found"),
        ({}, "followExecution('nonsense')", "invalid"),
    ],
)
def test_a_refusal_is_an_error_with_its_code(  # noqa: PLR0917
    page: Page, server: Server, actor: Actor, given: dict[str, str], followed: str, code: str
) -> None:
    open_elsewhere(page, server)
    told = given or {"ticket": ticket(server, actor)}

    found = page.evaluate(
        f"""async told => {{
          const client = callboard.connect({{ ...told, url: BASE }});
          try {{ await client.{followed}.done(); }}
          catch (error) {{
            return [error instanceof callboard.CallboardError, error instanceof Error, error.code];
          }}
        }}""",
        told,
    )

    assert found == [True, True, code]


def test_a_function_is_asked_for_a_ticket_at_each_connection(
    page: Page, server: Server, actor: Actor
) -> None:
    run = make_run(actor=actor)
    open_elsewhere(page, server)
    tickets = ["cbt_over", *(ticket(server, actor, tool_call_id="call_1") for _ in range(2))]
    page.evaluate(
        """tickets => {
          window.left = tickets;
          window.client = callboard.connect({ url: BASE, ticket: async () => left.shift() });
          note(client.followCall("call_1"));
        }""",
        tickets,
    )
    page.wait_for_function("seen.length === 2")
    page.evaluate("openSockets.at(-1).close()")
    run.finish()

    assert seen(page, until="ended") == [1, 2, 3, "ended"]
    assert page.evaluate("left") == []
