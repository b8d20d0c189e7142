"""The examples of docs/callboard-js.md, as they stand there, in a page of another site."""

import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.executions.runs.live.runs import make_run
from tests.executions.runs.live.server import Server
from tests.executions.static.pages_elsewhere import open_elsewhere
from tests.executions.static.wire_server import wire_server
from tests.factories import Actor, make_actor

pytestmark = pytest.mark.django_db(transaction=True)
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "callboard-js.md"
HOST = "https://callboard.example.com"


def run_example(page: Page, server: Server, heading: str, **told: Any) -> None:
    """Run the example below a heading as a module, with these names known to it."""
    example = re.search(
        rf"^## {heading}\n.*?^```js\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL
    )
    assert example is not None
    assert len(example[1].splitlines()) <= 11
    open_elsewhere(page, server)
    page.evaluate("told => { Object.assign(window, told); }", told)
    page.add_script_tag(type="module", content=example[1].replace(HOST, server.url))


def ticket(server: Server, actor: Actor, **target: str) -> str:
    asked = httpx2.post(f"{server.url}/v1/tickets", headers={"X-API-Key": actor.token}, json={"for": target})
    return str(asked.json()["data"]["ticket"])


def test_a_tool_call_is_shown_from_before_its_dispatch_to_its_outputs(page: Page, server: Server) -> None:
    actor = make_actor()
    run_example(page, server, "A tool call", ticket=ticket(server, actor, tool_call_id="call_7"))
    card = page.locator("#card")
    expect(card).to_have_text("not started yet")

    run = make_run(actor=actor, tool_call_id="call_7")
    run.say(" Hel", "lo ")
    run.finish()

    expect(card).to_have_text('not started yet Hello {"text":"done"}')
    expect(card).to_have_attribute("data-state", "succeeded")


def test_an_execution_is_shown_to_its_end(page: Page, server: Server) -> None:
    run = make_run()
    execution = str(run.execution.id)
    given = ticket(server, run.actor, execution_id=execution)
    run_example(page, server, "An execution", ticket=given, executionId=execution)
    run.say("Hel", "lo")
    expect(page.locator("#card")).to_have_text("Hello")

    run.finish()

    expect(page.locator("#card")).to_have_attribute("data-state", "succeeded")


def test_a_thread_is_talked_in(page: Page, server: Server) -> None:
    with wire_server() as wire:
        options = f"{{ ticket, url: '{wire.url}' }}"
        page.route("**/callboard.js", lambda route: route.fallback())
        page.add_init_script(
            f"window.ticket = 'cbt_1'; window.chat = {options.replace('ticket', 'ticket: 1', 1)};"
        )
        run_example(page, server, "A thread of the chat", ticket="cbt_1", threadId="t")
