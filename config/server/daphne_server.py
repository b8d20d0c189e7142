"""Daphne as `manage.py web` starts it: the same program and options, on uvloop and with our limits."""

from typing import Any

import uvloop
from twisted.internet import asyncioreactor

asyncioreactor.install(uvloop.new_event_loop())

# Below that: whatever of Twisted and Daphne is imported first decides on the reactor.
from daphne import http_protocol  # noqa: E402
from daphne.cli import CommandLineInterface  # noqa: E402
from twisted.web.http import HTTPChannel  # noqa: E402

from config.server.request_limits import HEAD_BYTES  # noqa: E402


class Request(http_protocol.WebRequest):
    """Daphne's request, whose body is the application's to read.

    Twisted's own reads whole forms into memory for nobody, and answers one that it does not understand
    with an empty 400.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, parsePOSTFormSubmission=False, **kwargs)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    http_protocol.WebRequest = Request
    # Of its request line, and of all its lines together; Twisted's own bound is an eighth of this.
    HTTPChannel.MAX_LENGTH = HTTPChannel.totalHeadersSize = HEAD_BYTES
    CommandLineInterface.entrypoint()


if __name__ == "__main__":
    main()
