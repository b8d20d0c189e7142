"""`manage.py demo`: everything at once, on this machine, from nothing."""

import contextlib
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx2
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import timezone
from rich.console import Console, RenderableType
from rich.live import Live

from config.demo import objective_terminal
from config.demo.dataset import World, build_world
from config.demo.objective import ObjectiveStory
from config.demo.snippets import print_calling, print_deciding
from config.demo.story import LOGS, DemoFailed, Story
from config.demo.terminal import picture, print_addresses, result
from config.environment import LOCAL_DIR, ROOT, read_environment, shown_path
from config.postgres import ensure_started, stop_if_unused
from config.postgres.local import HOMES
from config.server.supervisor import ProcessSupervisor, Program

DEFAULT_PORT = 8000
WEB_GRACE = 15.0  # seconds: more than `web` gives its own children
DATABASE_LOOK_SECONDS = 3.0
WIDEST = 110  # characters of a line
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
        """Status 1 with `--once` unless the execution succeeded, and whenever the story could not be told.

        Status 130 where Ctrl-C comes before anything is served.
        """
        console, database = _console(), _Database()
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the supervisor notes both
        try:
            port = _choose_port(options["port"])
            teller = _Teller(_prepare(console, port), console, is_once=options["once"])
            _serve(teller, database, port)
        except KeyboardInterrupt:
            sys.exit(130)
        finally:
            database.leave()
        if teller.failure is not None:
            raise CommandError(teller.failure)
        if options["once"] and teller.state != "succeeded":
            raise CommandError(f"The execution ended as {teller.state or 'never dispatched'}.")
        console.print(f"Stopped. The data stay in {shown_path(LOCAL_DIR)}/ for the next run.")


def _prepare(console: Console, port: int) -> World:
    """The database and all that a newcomer needs in it."""
    with _step(console, "Preparing the database"):
        call_command("migrate", verbosity=0, interactive=False)
    with _step(console, "Importing the shipped skills"):
        return build_world(base_url=f"http://127.0.0.1:{port}", now=timezone.now())


def _console() -> Console:
    """Lines of 110 characters at most, however wide the terminal is."""
    console = Console()
    return Console(width=min(console.width, WIDEST)) if console.is_terminal else Console(width=WIDEST)


def _step(console: Console, what: str) -> contextlib.AbstractContextManager[object]:
    """Says what goes on: with a spinner, or in a line where there is no terminal."""
    if console.is_terminal:
        return console.status(what)
    console.print(f"{what} …")
    return contextlib.nullcontext()


def _serve(teller: "_Teller", database: "_Database", port: int) -> None:
    """Web and worker until a signal comes, or until the teller wants to end; both are gone on return."""
    programs = [
        Program("web", [*MANAGE, "web", "--port", str(port)]),
        Program("worker", [*MANAGE, "worker", "--grace", "5"]),
    ]
    threading.Thread(target=teller.run, name="story", daemon=True).start()

    def is_over() -> bool:
        database.tend()
        return teller.wants_to_end

    ProcessSupervisor(programs, logs=LOGS, grace=WEB_GRACE).run(until=is_over)
    teller.is_over.set()


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

    def __init__(self, world: World, console: Console, *, is_once: bool) -> None:
        self._world = world
        self._console = console
        self._is_once = is_once
        self.is_over = threading.Event()
        self.failure: str | None = None
        self.state = ""

    @property
    def wants_to_end(self) -> bool:
        """Nothing more is to be served: the story failed, or it was all that was asked for."""
        return self.failure is not None or (self._is_once and self.is_over.is_set())

    def run(self) -> None:
        """To be called in a thread; sets `is_over` whatever happens."""
        try:
            self._run()
        except (DemoFailed, httpx2.HTTPError, OSError) as error:
            self.failure = str(error) or type(error).__name__
        finally:
            self.is_over.set()

    def _run(self) -> None:
        story = Story(self._world)
        with _step(self._console, "Starting web and worker"):
            story.wait_until_ready(self.is_over.is_set)
        told = "A chat's tool call: csv-profile looks through orders.csv"
        self._show(told, story.tell, lambda: picture(story.scene))
        self.state = story.scene.state
        self._console.print(result(story.scene))
        going_on = "Callboard is running: Ctrl-C stops it"
        objective = None if self._is_once else self._ask()
        self._console.rule("Without --once it goes on serving here" if self._is_once else going_on)
        print_calling(self._console)
        if objective is not None:
            print_deciding(self._console, objective.world)
        print_addresses(self._console, self._world, story.scene)
        if objective is not None:
            for line in objective.follow(self.is_over.is_set):
                self._console.print(objective_terminal.shown(line))

    def _ask(self) -> ObjectiveStory | None:
        """The demo's objective once it waits for a decision, perhaps since an earlier demo.

        None where it comes to nothing, which is said: what else there is goes on being served.
        """
        objective = ObjectiveStory(self._world)
        scene = objective.scene
        try:
            if objective.find_waiting():
                self._console.print(objective_terminal.picture(scene))
                return objective
            told = "An objective: the demo's agent looks through orders.csv and asks to send an email"
            self._show(told, objective.tell, lambda: objective_terminal.picture(scene))
        except (DemoFailed, httpx2.HTTPError) as error:
            self._console.print(f"No objective: {error}", style="red", markup=False)
            return None
        return objective

    def _show(self, what: str, tell: Callable[[], None], drawn: Callable[[], RenderableType]) -> None:
        """Show a story while it is told; where there is no terminal, what it is, and its end."""
        if not self._console.is_terminal:
            with _step(self._console, what):
                tell()
            self._console.print(drawn())
            return
        with Live(get_renderable=drawn, console=self._console, refresh_per_second=12):
            tell()


def _choose_port(wanted: int | None) -> int:
    """The port asked for, or the default, or (only where none was asked for) a free one."""
    for candidate in [wanted] if wanted is not None else [DEFAULT_PORT, 0]:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", candidate)) as probe:
            return int(probe.getsockname()[1])
    raise CommandError(f"Port {wanted} of 127.0.0.1 is taken; name another with --port.")
