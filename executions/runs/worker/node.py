"""This worker process's row, by which operators and `/readyz` see that it lives."""

import os
import socket
import uuid
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.db.models.functions import Now

from executions.runs.worker_nodes import WorkerNode

SEEN_SECONDS = 3
FORGET_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many runs a worker may have at once, and how many it has."""

    concurrency: int
    agents: int
    busy_slots: int = 0
    busy_agents: int = 0


def note_node_seen(node_id: uuid.UUID, room: Room) -> None:
    """Write the process's row, or write it anew; to be called every few seconds. Times are the database's."""
    seen = {"seen_at": Now(), **asdict(room)}
    made = {"host": socket.gethostname()[:255], "pid": os.getpid(), "started_at": Now()}
    WorkerNode.objects.update_or_create(id=node_id, defaults=seen, create_defaults={**made, **seen})


def remove_node(*, node_id: uuid.UUID) -> None:
    """The process ends by itself."""
    WorkerNode.objects.filter(pk=node_id).delete()


def forget_vanished_nodes() -> int:
    """Delete the rows of processes that have not been seen for an hour; how many."""
    return WorkerNode.objects.filter(seen_at__lt=Now() - FORGET_AFTER).delete()[0]
