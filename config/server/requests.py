"""Django's requests as we read them: UTF-8 whatever a Content-Type claims, and messages for pages only."""

from typing import Any

from django.contrib.messages.middleware import MessageMiddleware
from django.core.exceptions import BadRequest
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest


class Utf8:
    """Ignores the charset of a Content-Type.

    Django takes any codec that Python has a name for: with `charset=hex` it then fails over the query.
    JSON is UTF-8 by its standard, and so is a query by URL's.
    """

    _encoding: None

    @property
    def encoding(self) -> Any:
        return self._encoding

    @encoding.setter
    def encoding(self, value: Any) -> None:
        pass

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        """A Content-Type that cannot be read is none: it is the views that know how to refuse a body.

        What Django raises here nobody answers, since there is no request yet.
        """
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]
        except BadRequest:
            meta["CONTENT_TYPE"] = ""
            super()._set_content_type_params(meta)  # type: ignore[misc]


class Utf8WsgiRequest(Utf8, WSGIRequest):
    """For the API."""


class Utf8AsgiRequest(Utf8, ASGIRequest):
    """For the pages."""


class ApiHandler(WSGIHandler):
    request_class = Utf8WsgiRequest


class PageHandler(ASGIHandler):
    request_class = Utf8AsgiRequest


class PageMessages(MessageMiddleware):
    """Messages for whoever looks at pages. No answer of the API has any, and each would pay for them.

    Which of the two a request is for was told by its path (`config.server.routing`): each has its own class.
    """

    def process_request(self, request: HttpRequest) -> None:
        if not isinstance(request, Utf8WsgiRequest):
            super().process_request(request)
