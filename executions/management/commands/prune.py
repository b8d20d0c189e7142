"""`manage.py prune`: deletes what need not be kept any longer."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from executions.runs.queue import prune_jobs
from executions.runs.retention import prune_events, prune_feeds
from spaces.retention import (
    delete_unreferenced_blobs,
    delete_used_keys,
    expired_tickets,
    unreferenced_blobs,
    used_keys,
)

JOBS_KEPT = timedelta(days=7)


class Command(BaseCommand):
    """Works in batches, each its own transaction, and may run at any time and be stopped at any time.

    Executions, their results and their log heads stay for ever; what goes is events of runs that ended before
    EVENT_RETENTION_DAYS (a whole month at once where nothing else of it is kept), the feed entries of that
    time, idempotency keys of the workspace API of that time, blobs that nothing points at, expired tickets
    and sessions, and the remains of failed jobs.
    """

    help = "Delete what need not be kept any longer."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether to look only."""
        parser.add_argument("--dry-run", action="store_true", help="count, delete nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """One line for each kind of thing."""
        now, dry_run = timezone.now(), options["dry_run"]
        kept_from = now - settings.EVENT_RETENTION
        steps: dict[str, Callable[[], Iterable[int]]] = {
            # Before the events, which some of them name.
            "idempotency keys": lambda: _used_keys(kept_from, dry_run=dry_run),
            "events": lambda: prune_events(kept_from, dry_run=dry_run),
            "feed entries": lambda: prune_feeds(kept_from, dry_run=dry_run),
            "jobs": lambda: [prune_jobs(now - JOBS_KEPT, dry_run=dry_run)],
            "tickets": lambda: _tickets(now, dry_run=dry_run),
            "sessions": lambda: _sessions(now, dry_run=dry_run),
            "blobs": lambda: _blobs(now, dry_run=dry_run),
        }
        for name, step in steps.items():
            self._report(name, step(), dry_run=dry_run)

    def _report(self, name: str, batches: Iterable[int], *, dry_run: bool) -> None:
        total = 0
        for count in batches:
            total += count
            if self.stdout.isatty():
                self.stdout.write(f"\r{name:<16}{total:>10}", ending="")
                self.stdout.flush()
        verb = "would go" if dry_run else "deleted"
        start = "\r" if self.stdout.isatty() else ""
        self.stdout.write(f"{start}{name:<16}{total:>10} {verb}")


def _tickets(now: datetime, *, dry_run: bool) -> Iterator[int]:
    expired = expired_tickets(now)
    yield expired.count() if dry_run else expired.delete()[0]


def _used_keys(before: datetime, *, dry_run: bool) -> Iterable[int]:
    return [used_keys(before).count()] if dry_run else delete_used_keys(before)


def _sessions(now: datetime, *, dry_run: bool) -> Iterator[int]:
    yield Session.objects.filter(expire_date__lt=now).count()
    if not dry_run:
        SessionStore.clear_expired()


def _blobs(now: datetime, *, dry_run: bool) -> Iterable[int]:
    return [unreferenced_blobs(now).count()] if dry_run else delete_unreferenced_blobs(now)
