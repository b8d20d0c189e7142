"""Commits events as a worker does, and notes when; runs in a process of its own, on the scratch database."""

import os
import time
import uuid
from collections.abc import Callable, Sequence
from functools import partial

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

# Below the setup: these read models and settings.
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from executions.actions.leased import Progress, record  # noqa: E402
from executions.models import RunHead  # noqa: E402
from executions.runs.lease import Lease, lease_of  # noqa: E402
from executions.runs.log import NewEvent  # noqa: E402

type Write = Callable[[Lease, int], None]
"""Writes one event of a leased run, the number of the turn in hand; part of its caller's transaction."""


def commit_events(*, run_ids: Sequence[str], count: int, per_second: float) -> list[tuple[int, int, int]]:
    """`count` events of progress, as `commit_steadily` commits them."""

    def write(lease: Lease, turn: int) -> None:
        data = {"fraction": turn / count, "message": f"Step {turn} of {count}"}
        record(lease=lease, progress=Progress([NewEvent("execution.progressed", data, timezone.now())]))

    return commit_steadily(run_ids, write, count=count, per_second=per_second)


def commit_steadily(
    run_ids: Sequence[str], write: Write, *, count: int, per_second: float
) -> list[tuple[int, int, int]]:
    """`count` events, to the runs in turn, at a steady pace; gives (index of the run, number, nanoseconds).

    The time is taken right after the commit, before its wake-up is sent; by a clock that all
    processes of a machine share.
    """
    leases = [lease_of(RunHead.objects.get(pk=uuid.UUID(run_id))) for run_id in run_ids]
    numbers: list[int] = [0] * len(leases)
    commits: list[tuple[int, int, int]] = []
    begun = time.monotonic()
    for turn in range(count):
        time.sleep(max(begun + turn / per_second - time.monotonic(), 0))
        index = turn % len(leases)
        numbers[index] += 1
        with transaction.atomic():
            # Registered first, so called first: before the wake-up is handed over.
            transaction.on_commit(partial(_note, commits, index, numbers[index]))
            write(leases[index], turn)
    return commits


def _note(commits: list[tuple[int, int, int]], index: int, number: int) -> None:
    commits.append((index, number, time.monotonic_ns()))
