"""What streams read of a request before they answer."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from executions.runs.live.asgi_scope import Scope, header
from executions.runs.live.sse import Receive
from spaces.api.json_parsing import MAX_BYTES
from spaces.errors import TooLarge


async def whole_body(receive: Receive) -> bytes:
    """What a request sends; empty where the client left. Raises TooLarge."""
    content = bytearray()
    while True:
        message: Mapping[str, Any] = await receive()
        if message["type"] != "http.request":
            return b""  # the client left
        content += message.get("body", b"")
        if len(content) > MAX_BYTES:
            raise TooLarge(f"The body is larger than {MAX_BYTES} bytes.")
        if not message.get("more_body"):
            return bytes(content)


def base_url(scope: Scope) -> str:
    """Under which address a connection was opened, or the one that is set."""
    host = header(scope, b"host") or ""
    return settings.PUBLIC_URL or f"{scope.get('scheme', 'http')}://{host}"
