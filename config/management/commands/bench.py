"""`manage.py bench`: hands over to the benchmark beside the tests, which a deployment need not have."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.environment import ROOT

BENCHMARK = "tests.benchmarks"


class Command(BaseCommand):
    """Everything after `bench` goes to the benchmark as it is."""

    help = "Measure speed and size on this machine, beside the bare minimum (bench --help says more)."
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        """Becomes the benchmark; takes the arguments unparsed: they are its own."""
        if not (ROOT / BENCHMARK.replace(".", "/")).is_dir():
            sys.exit("callboard: this deployment was made without tests/, where the benchmark is.")
        os.execve(
            sys.executable,
            [sys.executable, "-m", BENCHMARK, *argv[2:]],
            {**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError("The benchmark takes this process over: start it from a shell.")
