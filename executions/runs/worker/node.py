"""This worker process's row, by which operators and `/readyz` see that it lives."""

import os
import socket
import uuid
from datetime import timedelta

from django.db.models.functions import Now

from executions.runs.worker_nodes import WorkerNode

SEEN_SECONDS = 3
FORGET_AFTER = timedelta(hours=1)


def note_node_seen(*, node_id: uuid.UUID, concurrency: int) -> None:
    """Write the process's row, or write it anew; to be called every few seconds. Times are the database's."""
    WorkerNode.objects.update_or_create(
        id=node_id,
        defaults={"seen_at": Now()},
        create_defaults={
            "host": socket.gethostname()[:255],
            "pid": os.getpid(),
            "concurrency": concurrency,
            "started_at": Now(),
            "seen_at": Now(),
        },
    )


def remove_node(*, node_id: uuid.UUID) -> None:
    """The process ends by itself."""
    WorkerNode.objects.filter(pk=node_id).delete()


def forget_vanished_nodes() -> int:
    """Delete the rows of processes that have not been seen for an hour; how many."""
    return WorkerNode.objects.filter(seen_at__lt=Now() - FORGET_AFTER).delete()[0]
