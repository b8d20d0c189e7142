"""What lets pages of allowed origins read the answers that no view of Django's makes."""

from functools import cache

from corsheaders.middleware import CorsMiddleware
from django.http import HttpRequest, HttpResponse

from executions.runlog.connecting import Scope, header


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


@cache
def _middleware() -> CorsMiddleware:
    return CorsMiddleware(lambda _request: HttpResponse())
