"""What an ASGI connection says about itself, and what lets the page that opened it read the answer."""

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from spaces.authentication import query_of

type Scope = Mapping[str, Any]


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of that name (lower case), None where there is none."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)


def query(scope: Scope, name: str) -> str | None:
    """The first parameter of that name, None where there is none."""
    found = query_of(scope).get(name)
    return found[0] if found else None


def has_trusted_origin(scope: Scope) -> bool:
    """Whether the page that opens this connection is ours or allowed; what comes from no page has no origin.

    Browsers send cookies along from every page, so without this any page could read its visitor's streams.
    """
    origin = header(scope, b"origin")
    if origin is None or origin in settings.ALLOWED_ORIGINS:
        return True
    # Only host and port: behind a proxy that ends TLS, the scheme that we see is not the page's.
    page = urlsplit(origin)
    return page.scheme in {"http", "https"} and page.netloc == header(scope, b"host")


def headers_for_pages(scope: Scope) -> list[tuple[bytes, bytes]]:
    """What the middleware would add to an answer to this request; none where no page asks.

    Streams, and refusals before any view is asked, pass Django's middleware by.
    """
    origin = header(scope, b"origin")
    if origin is None:
        return []
    request = HttpRequest()
    request.method, request.path_info = scope["method"], scope["path"]
    request.META["HTTP_ORIGIN"] = origin
    told, before = HttpResponse(), set(HttpResponse().headers)
    _middleware().add_response_headers(request, told)
    return [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in told.headers.items()
        if name not in before
    ]


class ScopeAddress:
    """Of a connection, for `base_url`: what a Django request would say of it."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    @property
    def scheme(self) -> str:
        is_secure = self._scope.get("scheme") in {"https", "wss"}
        proxy_header, secure_value = getattr(settings, "SECURE_PROXY_SSL_HEADER", None) or ("", "")
        if proxy_header:
            name = proxy_header.removeprefix("HTTP_").replace("_", "-").lower().encode()
            is_secure = header(self._scope, name) == secure_value
        return "https" if is_secure else "http"

    def get_host(self) -> str:
        return header(self._scope, b"host") or "localhost"


@cache
def _middleware() -> CorsMiddleware:
    return CorsMiddleware(lambda _request: HttpResponse())
