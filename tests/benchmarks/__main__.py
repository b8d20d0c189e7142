"""Speed and size on this machine, beside what is physically possible on it: `manage.py bench`."""

import os
import resource
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

# Below the setup: these read models and settings.
import psycopg  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management.base import BaseCommand, CommandError, CommandParser  # noqa: E402
from rich.console import Console  # noqa: E402

from config.environment import LOCAL_DIR  # noqa: E402
from config.postgres import stop_if_unused  # noqa: E402
from config.postgres.local import HOMES  # noqa: E402
from tests.benchmarks.context import QUICK, Effort, Steps  # noqa: E402
from tests.benchmarks.failures import NotMeasured  # noqa: E402
from tests.benchmarks.report import describe_load, describe_machine, print_report, write_json  # noqa: E402
from tests.benchmarks.run import PARTS, run_parts  # noqa: E402

MOST_FILES = 65_536


class Command(BaseCommand):
    """Measures in scratch databases of its own on the server at hand, and drops them at the end.

    The server is that of DATABASE_URL, else the embedded one of the demo.
    """

    help = (
        "Measure lookup, dispatch, live streams, connections, lists, the admin, objectives, runs and agents."
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """What to measure, how thoroughly, and where to write the figures."""
        parser.add_argument("--only", metavar="PARTS", help=f"some of {','.join(PARTS)}")
        parser.add_argument("--quick", action="store_true", help="small counts: does it work at all")
        parser.add_argument("--rows", type=int, metavar="N", help="executions in the table (1,000,000)")
        parser.add_argument("--json", type=Path, default=LOCAL_DIR / "bench.json", metavar="PATH")

    def handle(self, *args: Any, **options: Any) -> None:
        """Status 0 when everything was measured, whether or not the bars are met."""
        parts, effort = _parts(options["only"]), _effort(options)
        _raise_file_limit()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupt)
        console = Console(width=None if sys.stdout.isatty() else 130)
        try:
            machine = describe_machine(settings.DATABASE_URL)
            figures = run_parts(
                parts,
                server_url=settings.DATABASE_URL,
                folder=LOCAL_DIR / "bench",
                effort=effort,
                steps=Steps(console),
            )
        except KeyboardInterrupt:
            sys.exit(130)
        except (NotMeasured, OSError, psycopg.Error) as error:
            raise CommandError(f"Not measured: {error}") from error
        finally:
            if "DATABASE_URL" not in os.environ:
                stop_if_unused(HOMES["demo"])
        notes = [describe_load(machine)]
        print_report(console, figures, notes)
        write_json(options["json"], figures, notes, effort=effort, machine=machine)
        console.print(f"Written to {options['json']}.")


def _parts(only: str | None) -> list[str]:
    wanted = list(PARTS) if only is None else [part.strip() for part in only.split(",")]
    unknown = [part for part in wanted if part not in PARTS]
    if unknown or not wanted:
        raise CommandError(f"There is no part {', '.join(unknown)}: --only takes {', '.join(PARTS)}.")
    return wanted


def _effort(options: dict[str, Any]) -> Effort:
    effort = QUICK if options["quick"] else Effort()
    if options["rows"] is None:
        return effort
    if options["rows"] < 1000:
        raise CommandError("--rows must be 1000 or more.")
    return replace(effort, rows=options["rows"], few_rows=min(effort.few_rows, options["rows"]))


def _raise_file_limit() -> None:
    """A connection is a file on both of its sides; children inherit the limit."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    Command().run_from_argv(["manage.py", "bench", *sys.argv[1:]])
