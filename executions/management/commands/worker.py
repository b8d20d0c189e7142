"""`manage.py worker`: takes executions from the queue and runs them."""

import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from executions.runs.worker.process import WorkerProcess


class Command(BaseCommand):
    """Runs until SIGTERM or Ctrl-C; start as many as wanted, on as many machines as wanted."""

    help = "Run executions until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        """How much at once, and how to end."""
        parser.add_argument("--concurrency", type=int, default=4, metavar="N", help="skills at once (4)")
        parser.add_argument("--agents", type=int, default=500, metavar="N", help="objectives at once (500)")
        parser.add_argument(
            "--grace",
            type=float,
            default=30.0,
            metavar="S",
            help="seconds that runs may take to finish after SIGTERM, before they are handed back (30)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Say when it is ready, on stdout; the log goes to stderr."""
        if min(options["concurrency"], options["agents"]) < 1 or options["grace"] < 0:
            raise CommandError("--concurrency and --agents must be 1 or more, --grace 0 or more.")
        # One line for each job is the queue's business, not the operators'.
        logging.getLogger("procrastinate").setLevel(logging.WARNING)
        wanted = {name: options[name] for name in ("concurrency", "agents", "grace")}
        WorkerProcess(**wanted, ready=self._say).run()

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
