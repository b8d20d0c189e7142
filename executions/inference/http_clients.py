"""The HTTP clients by which models are asked, with headers and timeouts of our own."""

import ssl
from collections.abc import Generator
from typing import Any, override

import httpx2
from django.conf import settings
from django.utils.module_loading import import_string
from pydantic_ai.models import create_async_httpx2_client

from executions.inference.choices import NO_KEY, ModelChoice
from executions.inference.kept_clients import KEPT_LIMITS, no_cookies, sent


class ModelClient(httpx2.AsyncClient):
    """Asks models over kept connections.

    A request of a model may be repeated: whoever asked would do so a moment later, with the same key.
    """

    @override
    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        return await sent(request, lambda: super(ModelClient, self).send(request, **options))


class OwnHeaders(httpx2.Auth):
    """Puts a choice's headers on each request, after the library has written its own."""

    def __init__(self, choice: ModelChoice) -> None:
        self._headers = {name: value.get_secret_value() for name, value in choice.headers.items()}

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response]:
        # Some providers refuse a request for a key that is none, although another header is right.
        for name in [name for name, value in request.headers.items() if NO_KEY in value]:
            del request.headers[name]
        request.headers.update(self._headers)
        yield request


def model_client(choice: ModelChoice, tls: ssl.SSLContext) -> ModelClient:
    """The library's own client as to headers; who is trusted is not read anew for it."""
    timeout = httpx2.Timeout(choice.silence_seconds, connect=choice.connect_seconds)
    # It takes no context, and with a transport it would not look for proxies: only its ways are copied.
    like = create_async_httpx2_client(timeout=timeout, transport=httpx2.AsyncBaseTransport())
    ours: dict[str, Any] = {
        "timeout": timeout,
        "headers": like.headers,
        "event_hooks": dict(like.event_hooks),
        "cookies": no_cookies(),
        "auth": OwnHeaders(choice) if choice.headers else None,
    }
    if choice.is_guarded:
        return ModelClient(transport=import_string(settings.GUARDED_TRANSPORT)(KEPT_LIMITS), **ours)
    return ModelClient(verify=tls, limits=KEPT_LIMITS, **ours)
