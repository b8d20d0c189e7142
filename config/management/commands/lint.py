"""`manage.py lint`: everything that must hold beside the tests, one check after the other."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from config.environment import ROOT
from config.postgres import stop_if_unused
from config.postgres.local import HOMES

_PYTHON = [sys.executable, "-m"]
_MANAGE = [sys.executable, str(ROOT / "manage.py")]
# By the name under which a check can be asked for alone: what it sees to, and its command.
CHECKS = {
    "ruff": ("rules", [*_PYTHON, "ruff", "check", "."]),
    "format": ("layout", [*_PYTHON, "ruff", "format", "--check", "."]),
    "mypy": ("types", [*_PYTHON, "mypy"]),
    "imports": ("import contracts", [str(Path(sys.executable).with_name("lint-imports"))]),
    "migrations": ("migrations match the models", [*_MANAGE, "makemigrations", "--check", "--dry-run"]),
    "openapi": (
        "the OpenAPI document can be made without a warning",
        [*_MANAGE, "spectacular", "--validate", "--fail-on-warn", "--file", os.devnull],
    ),
}


class Command(BaseCommand):
    """Takes the names of checks, all of them unless told; status 1 where one fails."""

    help = f"Check the code ({', '.join(CHECKS)}; all of them unless some are named)."
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        """Take the arguments unparsed: this runs before Django is set up."""
        sys.exit(run_checks(argv[2:]))

    def handle(self, *args: Any, **options: Any) -> None:
        """Run all, for `call_command`."""
        sys.exit(run_checks([]))


def run_checks(names: list[str]) -> int:
    """Run the checks to their end whatever each says, then sum up; stops the embedded server if unused."""
    if unknown := [name for name in names if name not in CHECKS]:
        sys.stderr.write(f"There is no check {', '.join(unknown)}: choose from {', '.join(CHECKS)}.\n")
        return 2
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "CALLBOARD_LOCAL": "test"}
    lines, failed = [], False
    for name in names or CHECKS:
        purpose, command = CHECKS[name]
        _say(f"\n== {name}: {purpose}")
        begun = time.monotonic()
        status = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        failed = failed or status != 0
        lines.append(f"{'FAILED' if status else 'ok':>6}  {name:<10} {time.monotonic() - begun:5.1f} s")
    if "DATABASE_URL" not in environment:
        stop_if_unused(HOMES["test"])
    _say("\n" + "\n".join(lines))
    return 1 if failed else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
