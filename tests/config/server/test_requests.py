"""A request is read as UTF-8 whatever its Content-Type claims, refused while too many wait, and so on."""

import io
from typing import Any

import pytest
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.http import HttpResponse, QueryDict
from django.test import AsyncRequestFactory, RequestFactory

from config.paths import api_path
from config.server import wsgi_bridge
from config.server.requests import ApiHandler, PageMessages, Utf8AsgiRequest, Utf8WsgiRequest

CHARSETS = ["hex", "rot13", "utf-16", "idna", "unicode_escape", "nonsense", '"', "utf-8"]
QUERY = "name=%C3%BC"


@pytest.mark.parametrize("charset", CHARSETS)
def test_a_charset_changes_nothing_for_the_api(charset):
    request = Utf8WsgiRequest(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/v1/tickets",
            "QUERY_STRING": QUERY,
            "CONTENT_TYPE": f"application/json; charset={charset}",
            "wsgi.input": io.BytesIO(b"{}"),
        }
    )

    assert QueryDict(QUERY) == request.GET
    assert request.GET["name"] == "ü"


@pytest.mark.parametrize("charset", CHARSETS)
def test_a_charset_changes_nothing_for_the_pages(charset):
    headers = [(b"content-type", f"text/plain; charset={charset}".encode())]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": QUERY.encode(),
        "headers": headers,
    }

    request = Utf8AsgiRequest(scope, io.BytesIO())

    assert request.GET["name"] == "ü"


@pytest.mark.parametrize("path", ["/v1/files/", "/api-proxy/v1/whoami"])
async def test_a_server_with_too_many_requests_says_when_to_come_again(monkeypatch, path):
    monkeypatch.setattr(wsgi_bridge, "MOST_WAITING", 0)
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": [], "named": api_path(path)}
    await wsgi_bridge.Bridge(ApiHandler())(scope, nothing, send)

    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"1") in sent[0]["headers"]
    assert b"busy" in sent[1]["body"]


async def nothing() -> dict[str, Any]:
    raise AssertionError("a request that is refused is not read")


@pytest.mark.parametrize(
    ("request_of", "has_messages"),
    [
        (lambda: Utf8WsgiRequest(RequestFactory().get("/").environ), False),
        (lambda: Utf8AsgiRequest(AsyncRequestFactory().get("/").scope, io.BytesIO()), True),
    ],
    ids=["API", "pages"],
)
def test_messages_are_for_pages(request_of, has_messages):
    request = request_of()
    request.session = SessionStore()

    PageMessages(lambda _request: HttpResponse()).process_request(request)

    assert hasattr(request, "_messages") == has_messages
