"""Daphne as `manage.py web` starts it: the same program and options, on a reactor of ours."""

from typing import Any

from config.server import reactor

reactor.install()

# Below that: whatever of Twisted and Daphne is imported first decides on the reactor.
from daphne import http_protocol, server  # noqa: E402
from daphne.cli import CommandLineInterface  # noqa: E402
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol  # noqa: E402
from twisted.web.http import HTTPChannel  # noqa: E402

from config.server.request_limits import HEAD_BYTES  # noqa: E402

_WHOLE_TEXT = b"\x81"  # RFC 6455, 5.2: the only frame of a text message


class Request(http_protocol.WebRequest):
    """Daphne's request, whose body is the application's to read.

    Twisted's own reads whole forms into memory for nobody, and answers one that it does not understand
    with an empty 400.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, parsePOSTFormSubmission=False, **kwargs)


class Factory(http_protocol.HTTPFactory):
    """Daphne's, which writes no line for each request into Twisted's log: nobody reads it there.

    The access log is Daphne's own.
    """

    def log(self, request: Any) -> None:
        pass


class Socket(WebSocketProtocol):
    """Daphne's websocket, with a short way for whole text messages to open sockets.

    Autobahn's own prepares for fragments, masks and a log that is off, which is four fifths of what a
    frame costs; and it measures what we send against the limit for what clients send.
    """

    def serverSend(self, content: str | bytes, binary: bool = False) -> None:  # noqa: FBT001, FBT002, N802
        is_plain = self._perMessageCompress is None and not (self.send_queue or self.logFrames)
        if isinstance(content, bytes) or self.state != self.STATE_OPEN or not is_plain:
            super().serverSend(content, binary)
        else:
            payload = content.encode()
            self.transport.write(_WHOLE_TEXT + written_size(len(payload)) + payload)


def written_size(size: int) -> bytes:
    """A payload's length as it stands in a frame that is not masked."""
    if size < 126:
        return bytes([size])
    return b"\x7e" + size.to_bytes(2, "big") if size < 1 << 16 else b"\x7f" + size.to_bytes(8, "big")


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    server.HTTPFactory = Factory
    http_protocol.WebRequest = Request
    WebSocketFactory.protocol = Socket
    # Of its request line, and of all its lines together; Twisted's own bound is an eighth of this.
    HTTPChannel.MAX_LENGTH = HTTPChannel.totalHeadersSize = HEAD_BYTES
    CommandLineInterface.entrypoint()


if __name__ == "__main__":
    main()
