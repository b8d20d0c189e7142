"""Commits events of objectives as a worker does, in a process of its own, on the scratch database."""

from collections.abc import Sequence

from tests.benchmarks.commits import commit_steadily

# Below what sets Django up: these read models and settings.
from django.utils import timezone  # isort: skip

from executions.runs.event_kinds import EventKind
from executions.runs.lease import Lease
from executions.runs.locks import leased
from objectives.events import event
from objectives.lifecycles.objectives import note
from objectives.models import Objective

_USAGE = {"input_tokens": 120, "output_tokens": 30, "cache_read_tokens": 0, "cache_write_tokens": 0}


def commit_responses(*, run_ids: Sequence[str], count: int, per_second: float) -> list[tuple[int, int, int]]:
    """`count` responses of a model without their steps, as `commit_steadily` commits them."""

    def write(lease: Lease, turn: int) -> None:
        head, objective = leased(Objective, lease)
        facts = {"content": f"Step {turn} of {count} is done.", "tool_calls": [], "usage": _USAGE}
        now = timezone.now()
        note(objective, head, [event(EventKind.ASSISTANT_MESSAGE, facts, now=now, started_at=now)])

    return commit_steadily(run_ids, write, count=count, per_second=per_second)
