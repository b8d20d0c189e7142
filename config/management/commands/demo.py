"""`manage.py demo`: everything at once, on this machine, from nothing."""

import contextlib
import socket
import sys
import threading
import time
from typing import Any

import httpx2
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import timezone
from rich.console import Console
from rich.live import Live

from config.demo.story import DemoFailed, Story
from config.demo.terminal import picture, print_addresses, print_curl, result
from config.demo.world import World, build_world
from config.environment import LOCAL_DIR, ROOT, read_environment
from config.postgres import ensure_started, stop_if_unused
from config.postgres.local import HOMES
from config.supervisor import Program, Supervisor

DEFAULT_PORT = 8000
WEB_GRACE = 15.0  # seconds: more than `web` gives its own children
DATABASE_LOOK_SECONDS = 3.0
MANAGE = [sys.executable, str(ROOT / "manage.py")]


class Command(BaseCommand):
    """Serves until Ctrl-C; a web or worker process that dies is started again. Data stay in `.callboard/`."""

    help = "Start everything locally, run one tool call before your eyes, and go on serving."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen, and whether to end after the first execution."""
        parser.add_argument("--port", type=int, help=f"port to serve on ({DEFAULT_PORT}, or a free one)")
        parser.add_argument("--once", action="store_true", help="end with the first execution")

    def handle(self, *args: Any, **options: Any) -> None:
        """Status 1 with `--once` unless the execution succeeded, and whenever the story could not be told."""
        console = Console()
        port = _choose_port(options["port"])
        with console.status("Preparing the database"):
            call_command("migrate", verbosity=0, interactive=False)
        with console.status("Importing the shipped skills"):
            world = build_world(base_url=f"http://127.0.0.1:{port}", now=timezone.now())
        teller = _Teller(world, console)
        programs = [
            Program("web", [*MANAGE, "web", "--port", str(port)]),
            Program("worker", [*MANAGE, "worker", "--grace", "5"]),
        ]
        thread = threading.Thread(target=teller.run, name="story", daemon=True)
        thread.start()
        is_once, database = options["once"], _Database()

        def is_over() -> bool:
            database.tend()
            return (is_once and teller.is_over.is_set()) or teller.failure is not None

        Supervisor(programs, logs=LOCAL_DIR / "logs", grace=WEB_GRACE).run(until=is_over)
        teller.is_over.set()
        database.leave()
        if teller.failure is not None:
            raise CommandError(teller.failure)
        if is_once and teller.state != "succeeded":
            raise CommandError(f"The execution ended as {teller.state}.")
        console.print("Stopped. The data stay in .callboard/ for the next run.")


class _Database:
    """Keeps the embedded server up while the demo runs; does nothing where DATABASE_URL names another."""

    def __init__(self) -> None:
        self._is_ours = read_environment().database_url is None
        self._next_look = 0.0

    def tend(self) -> None:
        """Start the server again if it died, looking every few seconds."""
        if self._is_ours and time.monotonic() >= self._next_look:
            ensure_started(HOMES["demo"])
            self._next_look = time.monotonic() + DATABASE_LOOK_SECONDS

    def leave(self) -> None:
        """Stop the server unless another process uses it."""
        connections.close_all()
        if self._is_ours:
            stop_if_unused(HOMES["demo"])


class _Teller:
    """Tells the story in a thread of its own while the main thread tends the processes."""

    def __init__(self, world: World, console: Console) -> None:
        self._world = world
        self._console = console
        self.is_over = threading.Event()
        self.failure: str | None = None
        self.state = ""

    def run(self) -> None:
        try:
            self._run()
        except (DemoFailed, httpx2.HTTPError, OSError) as error:
            self.failure = str(error) or type(error).__name__
        finally:
            self.is_over.set()

    def _run(self) -> None:
        story = Story(self._world)
        with self._console.status("Starting web and worker"):
            story.wait_until_ready(self.is_over.is_set)
        self._show(story)
        self.state = story.scene.state
        self._console.print(result(story.scene))
        self._console.rule("Callboard is running: Ctrl-C stops it")
        print_addresses(self._console, self._world, story.scene)
        self._console.print()
        print_curl(self._console, self._world)

    def _show(self, story: Story) -> None:
        if not self._console.is_terminal:
            story.tell()
            self._console.print(picture(story.scene))
            return
        with Live(get_renderable=lambda: picture(story.scene), console=self._console, refresh_per_second=12):
            story.tell()


def _choose_port(wanted: int | None) -> int:
    """The port asked for, or the default, or (only where none was asked for) a free one."""
    for candidate in [wanted] if wanted is not None else [DEFAULT_PORT, 0]:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", candidate)) as probe:
            return int(probe.getsockname()[1])
    raise CommandError(f"Port {wanted} of 127.0.0.1 is taken; name another with --port.")
