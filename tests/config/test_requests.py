"""A request is read as UTF-8, whatever charset its Content-Type claims."""

import io

import pytest
from django.http import QueryDict

from config.requests import Utf8AsgiRequest, Utf8WsgiRequest

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
