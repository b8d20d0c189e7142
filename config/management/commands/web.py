"""`manage.py web`: several ASGI server processes behind one listening socket."""

import importlib
import os
import socket
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from config.server.supervisor import ForkedModule, ProcessSupervisor

APPLICATION = "config.asgi:application"
DEFAULT_SERVER = "uvicorn"
STOP_SECONDS = 10.0  # a server may hang on a thread that waits for its ended loop: then it is killed
BACKLOG = 2048
SOCKET_BYTES = 16 * 1024 * 1024  # the largest frame; those of clients the application bounds by itself
KEEP_ALIVE_SECONDS = 75  # longer than a proxy keeps an idle connection: it must be the one to close it
UVICORN = ("uvicorn.main", "uvicorn.protocols.websockets.websockets_sansio_impl", "uvloop")
# What server processes share, loaded before they are forked. Not Daphne's server itself: as it is imported
# it makes the reactor with its event loop.
SHARED = {
    "uvicorn": ("config.server.http_protocol", "config.server.application", *UVICORN),
    "daphne": ("config.server.application", "daphne.http_protocol", "daphne.ws_protocol"),
}


class Command(BaseCommand):
    """Serves until SIGTERM or Ctrl-C; a server process that dies is started again.

    On SIGTERM streams end at once. Other requests in flight have 3 s, under Daphne none: take a machine
    out of the proxy before stopping it.
    """

    help = "Serve the API, the live streams and the admin (ASGI_SERVER=uvicorn, the default, or daphne)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen, and how many processes share the work."""
        parser.add_argument("--processes", type=int, default=2, metavar="N", help="server processes (2)")
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port; 0 takes a free one (8000)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Listen first, so that a taken port is said before anything starts."""
        server = os.environ.get("ASGI_SERVER", DEFAULT_SERVER)
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
    most = str(SOCKET_BYTES)
    if server == "uvicorn":
        options = ["--http", "config.server.http_protocol:BoundedHttp", "--ws", "websockets-sansio"]
        options += ["--loop", "uvloop", "--lifespan", "off", "--no-proxy-headers", "--no-server-header"]
        # Compression takes memory for each socket, and time for each frame to each of them.
        options += ["--ws-max-size", most, "--ws-per-message-deflate", "false"]
        # Without a bound on its shutdown it would wait for open streams for ever.
        options += ["--timeout-graceful-shutdown", "3", "--timeout-keep-alive", str(KEEP_ALIVE_SECONDS)]
        options += ["--log-level", "info"] if verbose else ["--log-level", "warning", "--no-access-log"]
    elif server == "daphne":
        server = "config.server.daphne_server"
        # What we send it measures by these as well.
        options = ["--websocket-max-message-size", most, "--websocket-max-frame-size", most]
        options += ["-v", "1" if verbose else "0"]
    else:
        raise CommandError(f"ASGI_SERVER is {server!r}: it may be uvicorn or daphne.")
    return [server, "--fd", str(descriptor), *options, APPLICATION]


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
