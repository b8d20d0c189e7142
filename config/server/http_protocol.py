"""uvicorn's HTTP with a bound on the head of a request, which its parser in C does not have.

Decision: uvicorn with httptools serves by default. A request costs it a fraction of what it costs Daphne and
Twisted, and a `send` that waits for room needs none of their insides. Daphne stays as the alternative.
"""

import os

from config.server.request_limits import HEAD_BYTES

# The head of a websocket's handshake is read again by websockets, whose own bound is 8 KiB a line.
os.environ.setdefault("WEBSOCKETS_MAX_LINE_LENGTH", str(HEAD_BYTES))

# Below that: it is read as it is imported.
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

PARSED_BYTES = 65_535  # the longest address that httptools takes apart


class BoundedHttp(HttpToolsProtocol):
    """Refuses a head, or trailers, of more than `HEAD_BYTES` with 400 once so much has come."""

    _unread = 0  # bytes that have come since something was complete

    def data_received(self, data: bytes) -> None:
        self._unread += len(data)
        super().data_received(data)
        if self._unread > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is larger than allowed.")

    def on_headers_complete(self) -> None:
        self._unread = 0
        address = self.url
        if len(address) <= PARSED_BYTES:
            super().on_headers_complete()
        else:
            # Two chat ids of 4,096 characters are longer, one in the query. The application starts later.
            self.url, _, query = address.partition(b"?")
            super().on_headers_complete()
            self.scope["query_string"], self.url = query, address

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unread = 0
        super().on_message_complete()

    def shutdown(self) -> None:
        """Streams end at once: else they would go on until they are cancelled, each with a traceback."""
        super().shutdown()
        if self.cycle is not None and self.cycle.response_started:
            self.transport.close()
