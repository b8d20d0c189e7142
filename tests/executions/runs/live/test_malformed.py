"""Requests that make no sense are answered in the form of the API that they went to, whoever notices."""

import http.client
import json
from typing import Any

import pytest

from objectives.ids import Prefix, spell
from spaces.models import Role
from tests.executions.runs.live.server import Server
from tests.factories import Actor, make_actor

pytestmark = pytest.mark.django_db(transaction=True)

TOO_LARGE = b'{"a": "' + b"x" * (7 << 20) + b'"}'
STATUS = {"code", "message", "details"}


@pytest.fixture
def actor() -> Actor:
    return make_actor(role=Role.ADMIN)


def ask(server: Server, path: str, body: bytes, *, headers: dict[str, str]) -> tuple[int, Any]:
    """Status and JSON of a POST, sent as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.putrequest("POST", path)
    for name, value in {**headers, "Content-Length": str(len(body))}.items():
        connection.putheader(name, value.encode("latin-1"))
    connection.endheaders(body)
    try:
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=é",
        "multipart/form-data; boundary=" + "x" * 300,
        "application/json; charset*=x''%00",
        "multipart/form-data; boundary*=x''%00",
    ],
)
def test_a_body_that_cannot_be_taken_apart(server: Server, actor: Actor, content_type: str) -> None:
    headers = {**actor.headers, "Content-Type": content_type}
    workspace = f"/v1/workspaces/{spell(Prefix.WORKSPACE, actor.space.id)}"

    uploaded = ask(server, "/v1/files/", b"--x\r\nbroken", headers=headers)
    started = ask(server, f"/v1/spaces/{actor.space.id}/tools/echo/execute", b"{}", headers=headers)
    made = [ask(server, f"{workspace}/{name}", b"{}", headers=headers) for name in ("agents", "objectives")]

    assert (uploaded[0] in {415, 422}, list(uploaded[1])) == (True, ["detail"])
    assert (started[0], list(started[1])) == (415, ["detail"])
    for status, told in made:
        assert (status, told["code"], set(told)) == (400, 3, STATUS)


def test_a_body_that_is_too_large_is_refused_in_the_form_of_each_api(server: Server, actor: Actor) -> None:
    headers = {**actor.headers, "Content-Type": "application/json"}
    workspace = f"/v1/workspaces/{spell(Prefix.WORKSPACE, actor.space.id)}"

    started = ask(server, f"/v1/spaces/{actor.space.id}/tools/echo/execute", TOO_LARGE, headers=headers)
    made = ask(server, f"{workspace}/agents", TOO_LARGE, headers=headers)

    assert started == (413, {"detail": "The body is larger than allowed."})
    assert made == (400, {"code": 3, "message": "The body is larger than allowed.", "details": []})
