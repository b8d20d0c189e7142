"""`manage.py test`: pytest on a real PostgreSQL, the whole suite in parallel, a selection at once."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from config.postgres import stop_if_unused
from config.postgres.local import HOMES

MOST_PROCESSES = 8  # beyond these the tests wait for one PostgreSQL


class Command(BaseCommand):
    """Everything after `test` goes to pytest as it is; the exit status is pytest's."""

    help = "Run the tests; arguments are pytest's (for instance: test tests/config -k race -x)."
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        """Take the arguments unparsed: they are not Django's."""
        sys.exit(run_pytest(argv[2:]))

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the suite without further arguments, for `call_command`."""
        sys.exit(run_pytest([]))


def pytest_command(arguments: list[str], *, cores: int) -> list[str]:
    """The whole command line; in parallel unless told otherwise, asked for a debugger or for a selection.

    For a file, a test in it or what `-k` finds, workers would take longer to start than the tests to run.
    """
    own_choice = ("-n", "--numprocesses", "-p", "--pdb", "--trace", "--collect-only", "--co", "-k", "--lf")
    files = [path for word in arguments if (path := Path(word.partition("::")[0])).is_file()]
    parallel = not files and not any(word.startswith(own_choice) for word in arguments)
    # By module, so that servers and workers started for one file are started once.
    chosen = ["-n", str(min(max(cores, 2), MOST_PROCESSES)), "--dist", "loadscope"] if parallel else []
    if files and not any("schemathesis" in path.read_text() for path in files):
        chosen = ["-p", "no:schemathesis"]  # takes as long to load as Django
    return [sys.executable, "-m", "pytest", *chosen, *arguments]


def run_pytest(arguments: list[str]) -> int:
    """Run pytest to its end, passing on SIGTERM; stops the embedded server behind the last user of it."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "CALLBOARD_LOCAL": "test"}
    run = subprocess.Popen(pytest_command(arguments, cores=os.cpu_count() or 2), env=environment)
    signal.signal(signal.SIGTERM, lambda *_: run.terminate())
    # Ctrl-C reaches pytest by itself; it says what it has seen and ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    status = run.wait()
    if "DATABASE_URL" not in environment:
        stop_if_unused(HOMES["test"])
    return status if status >= 0 else 128 - status
