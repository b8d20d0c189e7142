"""The chat client that the README shows, in a browser."""

import re
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.admin.desk import make_execution, succeed
from tests.executions.runs.live.server import Server
from tests.factories import make_actor, make_skill

pytestmark = pytest.mark.django_db(transaction=True)
README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_readme_s_chat_page_follows_a_tool_call_to_its_end(page: Page, server: Server) -> None:
    actor = make_actor()
    make_skill()
    script = README.read_text().partition("```js\n")[2].partition("```")[0]
    asked = httpx2.post(
        f"{server.url}/v1/tickets",
        headers={"X-API-Key": actor.token},
        json={"for": {"tool_call_id": "call_7", "space_id": str(actor.space.id)}},
    )
    page.goto(server.url)
    told = {"BASE": server.url, "ticket": asked.json()["data"]["ticket"]}
    page.evaluate("told => Object.assign(window, told)", told)
    page.evaluate("() => { window.note = word => { document.title += ` ${word}` } }")
    page.evaluate("() => { document.title = ''; window.draw = run => note(run.state); window.update = note }")

    page.evaluate(f"() => {{ {script} socket.addEventListener('close', () => note('closed')); }}")
    execution = make_execution(actor=actor, call="call_7")
    expect(page).to_have_title(re.compile("^queued"))
    succeed(execution)

    expect(page).to_have_title(re.compile("execution.started .*execution.succeeded closed$"))
