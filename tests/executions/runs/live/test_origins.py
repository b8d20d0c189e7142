"""Pages of allowed origins may send what is documented and read what is answered, at every door alike."""

import httpx2
import pytest

from config.openapi.views import document
from config.web.cors_headers import ALLOWED_HEADERS, EXPOSED_HEADERS
from tests import asking
from tests.executions.api.speaking import keep
from tests.executions.runs.live.runs import Run, make_run
from tests.executions.runs.live.server import Server
from tests.factories import make_actor
from tests.guards.things import things_of

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "https://app.example.com"
OURS = ("x-api-key", "prefer", "idempotency-key", "last-event-id")
# What every page may read, and what is for browsers and proxies alone.
FOR_EVERY_PAGE = {"cache-control", "content-length", "content-type", "expires", "last-modified"}
FOR_NO_PAGE = {
    "connection",
    "content-security-policy",
    "cross-origin-opener-policy",
    "date",
    "referrer-policy",
    "server",
    "transfer-encoding",
    "vary",
    "x-accel-buffering",
    "x-content-type-options",
    "x-frame-options",
}


def doors_of(server: Server, run: Run) -> dict[str, tuple[str, str]]:
    """Method and address of one door of each kind: views, the held lookup, streams, bytes."""
    artifact, things = keep(run.lease), things_of(run.actor)
    space = f"{server.url}/v1/spaces/{run.actor.space.id}"
    workspace = f"{server.url}/v1/workspaces/{things['workspace_id']}"
    return {
        "list": ("GET", f"{space}/skills/executions"),
        "start": ("POST", f"{space}/skills/echo/executions"),
        "held lookup": ("GET", server.lookup_url(run.actor.space, "call_1")),
        "held miss": ("GET", server.lookup_url(run.actor.space, "call_none")),
        "events": ("GET", server.events_url(run.execution)),
        "no events": ("GET", server.events_url(run.execution).replace(str(run.execution.id), "x")),
        "bytes": ("GET", f"{space}/artifacts/{artifact.id}/download"),
        "archive": ("GET", f"{space}/skills/executions/{run.execution.id}/archive"),
        "tickets": ("POST", f"{server.url}/v1/tickets"),
        "objective": ("GET", f"{workspace}/objectives/{things['objective_id']}"),
        "objective events": ("GET", f"{workspace}/objectives/{things['objective_id']}/events:stream"),
        "no such objective": ("GET", f"{workspace}/objectives/obj_1/events:stream"),
        "new objective": ("POST", f"{workspace}/objectives:stream"),
        "no method": ("POST", f"{space}/skills/executions"),
    }


def listed(answer: httpx2.Response, name: str) -> set[str]:
    return {word.strip().lower() for word in answer.headers[name].split(",")}


def test_a_page_may_send_our_headers_to_every_door(server: Server):
    refused = []
    for door, (method, url) in doors_of(server, make_run()).items():
        asked = {
            "Origin": PAGE,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": ",".join(OURS),
        }
        answer = asking.options(url, headers=asked)
        may = answer.headers.get("access-control-allow-origin") == PAGE
        if not (
            may and answer.status_code == 200 and listed(answer, "access-control-allow-headers") >= {*OURS}
        ):
            refused.append(door)

    assert refused == []


def test_a_page_may_read_every_answer_with_its_headers(server: Server):
    run = make_run()
    unread, secret = [], set()
    for door, (method, url) in doors_of(server, run).items():
        headers = {**run.actor.headers, "Origin": PAGE, "Prefer": "wait=0"}
        with asking.stream(method, url, headers=headers) as answer:
            if answer.headers.get("access-control-allow-origin") != PAGE:
                unread.append(door)
                continue
            readable = FOR_EVERY_PAGE | listed(answer, "access-control-expose-headers")
            told = {name for name in answer.headers if not name.startswith("access-control-")}
            secret |= told - readable - FOR_NO_PAGE

    assert unread == []
    assert secret == set()


@pytest.mark.parametrize("credentials", [{}, {"X-API-Key": "cb_000000000000_no"}])
def test_a_page_may_read_why_it_is_refused(server: Server, credentials: dict[str, str]):
    for door, (method, url) in doors_of(server, make_run()).items():
        answer = asking.get(url, headers={**credentials, "Origin": PAGE}) if method == "GET" else None
        if answer is not None:
            assert answer.status_code == 401, door
            assert answer.headers["access-control-allow-origin"] == PAGE, door
            assert "www-authenticate" in listed(answer, "access-control-expose-headers"), door


def test_a_body_that_no_view_sees_is_refused_readably(server: Server):
    actor = make_actor()
    headers = {**actor.headers, "Origin": PAGE, "Content-Type": "application/json"}

    answer = asking.post(f"{server.url}/v1/tickets", headers=headers, content=b" " * (7 * 1024 * 1024))

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (413, PAGE)


def test_a_page_of_another_origin_may_read_nothing(server: Server):
    run = make_run()
    for door, (method, url) in doors_of(server, run).items():
        headers = {**run.actor.headers, "Origin": "https://evil.example"}
        with asking.stream(method, url, headers=headers) as answer:
            told = {name for name in answer.headers if name.startswith("access-control-")}
        assert told == set(), door


def test_whatever_the_document_names_may_be_sent_and_read():
    parameters = [
        parameter
        for methods in document()["paths"].values()
        for operation in methods.values()
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "header"
    ]
    answered = {
        name.lower()
        for methods in document()["paths"].values()
        for operation in methods.values()
        for answer in operation["responses"].values()
        for name in answer.get("headers", {})
    }

    assert {parameter["name"].lower() for parameter in parameters} <= {*ALLOWED_HEADERS}
    assert answered <= {name.lower() for name in EXPOSED_HEADERS}
    assert {"prefer", "idempotency-key", "range"} <= {parameter["name"].lower() for parameter in parameters}
    assert {"preference-applied", "retry-after", "www-authenticate"} <= answered
