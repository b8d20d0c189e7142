"""`manage.py web`: several ASGI server processes behind one listening socket."""

import importlib
import os
import socket
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from config.server.request_limits import HEAD_BYTES
from config.server.supervisor import ForkedModule, ProcessSupervisor

APPLICATION = "config.asgi:application"
STOP_SECONDS = 10.0  # a server may hang on a thread that waits for its ended loop: then it is killed
BACKLOG = 2048
# What server processes share, loaded before they are forked. Not Daphne's server itself: as it is imported
# it makes the reactor with its event loop.
SHARED = {
    "daphne": ("config.server.application", "daphne.http_protocol", "daphne.ws_protocol"),
    "uvicorn": ("config.server.application", "uvicorn"),
}


class Command(BaseCommand):
    """Serves until SIGTERM or Ctrl-C; a server process that dies is started again.

    Daphne ends requests in flight on SIGTERM at once, uvicorn gives them 3 s: take a machine out of
    the proxy before stopping it.
    """

    help = "Serve the API, the live streams and the admin (ASGI_SERVER=daphne, the default, or uvicorn)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen, and how many processes share the work."""
        parser.add_argument("--processes", type=int, default=2, metavar="N", help="server processes (2)")
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port; 0 takes a free one (8000)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Listen first, so that a taken port is said before anything starts."""
        server = os.environ.get("ASGI_SERVER", "daphne")
        with _listen(options["host"], options["port"]) as listener:
            command = server_command(server, listener.fileno(), verbose=options["verbosity"] > 1)
            _load(SHARED[server])
            programs = [
                ForkedModule(f"web-{number}", command) for number in range(1, options["processes"] + 1)
            ]
            host, port = listener.getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            self.stdout.write(f"Listening on http://{shown}:{port} ({len(programs)} × {server})")
            self.stdout.flush()
            ProcessSupervisor(programs, grace=STOP_SECONDS).run()


def server_command(server: str, descriptor: int, *, verbose: bool) -> list[str]:
    """The module and its arguments of one server process that accepts on an inherited, listening socket.

    `verbose` writes one line for each request. Raises CommandError for a server we do not know.
    """
    if server == "daphne":
        server, options = (
            "config.server.daphne_server",
            ["--fd", str(descriptor), "-v", "1" if verbose else "0"],
        )
    elif server == "uvicorn":
        # Without a bound on its shutdown it would wait for open streams for ever.
        options = ["--fd", str(descriptor), "--lifespan", "off", "--timeout-graceful-shutdown", "3"]
        options += ["--log-level", "info" if verbose else "warning", "--no-proxy-headers"]
        options += ["--h11-max-incomplete-event-size", str(HEAD_BYTES)]
    else:
        raise CommandError(f"ASGI_SERVER is {server!r}: it may be daphne or uvicorn.")
    return [server, *options, APPLICATION]


def _load(modules: Sequence[str]) -> None:
    for module in modules:
        importlib.import_module(module)
    # System checks have asked the database: two processes on one connection would read each other's answers.
    for database in connections.all(initialized_only=True):
        database.close()
        database.close_pool()  # type: ignore[attr-defined]


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as refused:
        raise CommandError(f"Cannot listen on {host} port {port}: {refused.strerror}.") from refused
    # What is accepted inherits it: on an inherited socket uvicorn does not set it, and would wait 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
