"""A chat's own page, on another origin: our headers, and a ticket for everything that a browser can open."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page

from objectives.ids import Prefix, spell
from objectives.models import ApprovalStatus, ToolCall
from tests.executions.api.speaking import keep
from tests.executions.runs.live.runs import Run, make_run
from tests.executions.runs.live.server import Server, running_server
from tests.factories import Actor
from tests.objectives.factories import make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent

pytestmark = pytest.mark.django_db(transaction=True)

PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
FETCH = """async ([url, method, headers, body]) => {
    const sent = body === null ? undefined : JSON.stringify(body);
    const answer = await fetch(url, {method, headers, body: sent});
    return {status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text()};
}"""
EVENT_SOURCE = """(url) => new Promise((resolve) => {
    const seen = [], source = new EventSource(url);
    for (const kind of ["execution.queued", "execution.started", "text.appended", "execution.succeeded"])
        source.addEventListener(kind, (event) => seen.push(event.lastEventId));
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) resolve(seen); };
})"""
SOCKET = """([url, frames]) => new Promise((resolve) => {
    const seen = [], socket = new WebSocket(url);
    socket.onopen = () => frames.forEach((frame) => socket.send(JSON.stringify(frame)));
    socket.onmessage = (message) => {
        const frame = JSON.parse(message.data);
        seen.push(frame.code ?? frame.type);
        if (frame.type === "ended" || seen.length >= 20) socket.close();
    };
    socket.onclose = (closed) => resolve({seen, code: closed.code});
})"""
IMAGE = """(url) => new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve(image.naturalWidth);
    image.onerror = () => resolve(0);
    image.src = url;
})"""


class BlankPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>A chat</title>")

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def serving_a_page() -> Iterator[str]:
    """The origin of a page that is none of ours."""
    pages = ThreadingHTTPServer(("127.0.0.1", 0), BlankPage)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{pages.server_address[1]}"
    finally:
        pages.shutdown()
        pages.server_close()


@dataclass(frozen=True)
class Elsewhere:
    """A browser's page on an allowed origin, the server that it talks to, and what it may."""

    page: Page
    server: Server

    def ask(self, path: str, *, method: str = "GET", body: Any = None, **headers: str) -> dict[str, Any]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {} if body is None else {"Content-Type": "application/json"}
        url = path if path.startswith("http") else self.server.url + path
        answer: dict[str, Any] = self.page.evaluate(FETCH, [url, method, sent, body])
        return answer

    def tell(self, query: str, *frames: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self.page.evaluate(SOCKET, [self.server.socket_url + query, list(frames)])
        return answer


@pytest.fixture
def elsewhere(_wakeups_here: None, page: Page, blob_folder: Path) -> Iterator[Elsewhere]:
    with (
        serving_a_page() as origin,
        running_server(ALLOWED_ORIGINS=origin, BLOB_DIR=str(blob_folder)) as server,
    ):
        page.goto(origin)
        yield Elsewhere(page, server)


def ticket_of(actor: Actor, *may: str, **named: str) -> str:
    body = {"for": named, "may": list(may or ("read",))}
    answer = Client().post("/v1/tickets", body, content_type="application/json", headers=actor.headers)
    ticket: str = answer.json()["data"]["ticket"]
    return ticket


def waiting_call(actor: Actor) -> ToolCall:
    tool = make_tool(tool_set=make_tool_set(space=actor.space, created_by=actor.principal))
    objective = begin_objective(actor, make_published_agent(actor, tool))
    return ask_for(objective, tool.function_name, approval=ApprovalStatus.WAITING_FOR_APPROVAL)


def executions(run: Run) -> str:
    return f"/v1/spaces/{run.actor.space.id}/skills/executions"


def test_a_page_of_an_allowed_origin_sends_our_headers_and_reads_the_answers(elsewhere: Elsewhere):
    run = make_run()
    run.finish()
    key = {"X_API_Key": run.actor.token}
    lookup = f"{executions(run)}/by-chat-tool-call/call_1"

    listed = elsewhere.ask(executions(run), **key)
    missed = elsewhere.ask(f"{lookup}x", Prefer="wait=1", **key)
    started = elsewhere.ask(
        f"/v1/spaces/{run.actor.space.id}/skills/echo/executions",
        method="POST",
        body={"inputs": {"text": "hi"}},
        Idempotency_Key="once",
        **key,
    )
    events = elsewhere.ask(f"{executions(run)}/{run.execution.id}/events", Last_Event_ID="2", **key)
    refused = elsewhere.ask(executions(run), X_API_Key="cb_no")

    assert [answer["status"] for answer in (listed, missed, started, events, refused)] == [
        200,
        404,
        201,
        200,
        401,
    ]
    assert missed["headers"]["preference-applied"] == "wait=1"
    assert refused["headers"]["www-authenticate"] == 'Bearer realm="api"'
    assert "execution.succeeded" in events["text"]


def test_a_ticket_is_enough_for_all_that_a_card_shows(elsewhere: Elsewhere):
    run = make_run()
    artifact = keep(run.lease, content=PICTURE)
    run.finish()
    ticket = ticket_of(run.actor, tool_call_id="call_1")
    execution = f"{executions(run)}/{run.execution.id}"
    url = elsewhere.server.url

    found = elsewhere.ask(f"{executions(run)}/by-chat-tool-call/call_1?ticket={ticket}")
    streamed = elsewhere.page.evaluate(EVENT_SOURCE, f"{url}{execution}/events?ticket={ticket}")
    told = elsewhere.tell(
        f"?ticket={ticket}", {"type": "subscribe", "sub": "c", "tool_call_id": "call_1", "after": 0}
    )
    picture = f"{url}/v1/spaces/{run.actor.space.id}/artifacts/{artifact.id}/download"
    widths = [elsewhere.page.evaluate(IMAGE, f"{picture}{query}") for query in (f"?ticket={ticket}", "")]
    bytes_of_it = elsewhere.ask(f"{picture}?ticket={ticket}")

    assert found["status"] == 200
    # Its end cuts the stream; the browser comes back by the same address and is told that this was all.
    assert (streamed[0], streamed[-1], len(streamed)) == ("1", "4", 3)
    assert (told["seen"][0], told["seen"][-1]) == ("subscribed", "ended")
    assert widths == [1, 0]
    assert bytes_of_it["headers"]["content-disposition"].startswith("inline")


def test_a_ticket_decides_and_cancels_from_a_page(elsewhere: Elsewhere):
    run = make_run()
    call = waiting_call(run.actor)
    workspace = spell(Prefix.WORKSPACE, run.actor.space.id)
    objective = f"/v1/workspaces/{workspace}/objectives/{spell(Prefix.OBJECTIVE, call.objective_id)}"
    address = f"{objective}/tool_calls/{spell(Prefix.TOOL_CALL, call.id)}"
    ticket = ticket_of(run.actor, "read", "decide", "cancel", objective_id=str(call.objective_id))
    cancelling = ticket_of(run.actor, "cancel", execution_id=str(run.execution.id))

    approved = elsewhere.ask(f"{address}:approve?ticket={ticket}", method="POST", body={})
    cancelled = elsewhere.ask(f"{objective}:cancel?ticket={ticket}", method="POST", body={})
    stopped = elsewhere.ask(f"{executions(run)}/{run.execution.id}/cancel?ticket={cancelling}", method="POST")
    call.refresh_from_db()

    assert [answer["status"] for answer in (approved, cancelled, stopped)] == [200, 200, 200]
    assert call.approval == ApprovalStatus.APPROVED


def test_a_page_with_a_ticket_gets_nothing_else(elsewhere: Elsewhere):
    run = make_run()
    other = make_run(actor=run.actor, tool_call_id="call_2")
    ticket = ticket_of(run.actor, "read", "decide", "cancel", tool_call_id="call_1")
    subscribe = {"type": "subscribe", "sub": "x"}

    statuses = {
        path: elsewhere.ask(f"{path}?ticket={ticket}", method=method)["status"]
        for method, path in (
            ("GET", executions(run)),
            ("GET", f"{executions(run)}/{other.execution.id}"),
            ("GET", f"{executions(run)}/{other.execution.id}/events"),
            ("POST", f"{executions(run)}/{other.execution.id}/cancel"),
            ("POST", f"{executions(run)}/{run.execution.id}/retry"),
            ("POST", "/v1/tickets"),
            ("GET", "/v1/whoami"),
            ("GET", "/v1/account/api_keys"),
            ("GET", f"/v1/spaces/{run.actor.space.id}/skills"),
        )
    }
    told = elsewhere.tell(
        f"?ticket={ticket}",
        {**subscribe, "space_id": str(run.actor.space.id)},
        {**subscribe, "execution_id": str(other.execution.id)},
        {**subscribe, "tool_call_id": "call_2"},
        {**subscribe, "sub": "own", "tool_call_id": "call_1", "after": 2},
        {"type": "unsubscribe", "sub": "own"},
    )

    assert set(statuses.values()) <= {403, 404}
    assert told["seen"] == ["not_found", "not_found", "not_found", "subscribed", "ended"]
