"""Commits events of objectives as a worker does, in a process of its own, on the scratch database."""

from collections.abc import Sequence

from tests.benchmarks.commits import commit_steadily

# Below what sets Django up: these read models and settings.
from django.utils import timezone  # isort: skip

from executions.runlog.lease import Lease
from objectives.events import Kind, event
from objectives.lifecycles.objectives import note
from objectives.loop.leased import leased_objective

_USAGE = {"inputTokens": 120, "outputTokens": 30, "cacheReadInputTokens": 0, "cacheWriteInputTokens": 0}


def commit_responses(*, run_ids: Sequence[str], count: int, per_second: float) -> list[tuple[int, int, int]]:
    """`count` responses of a model without their steps, as `commit_steadily` commits them."""

    def write(lease: Lease, turn: int) -> None:
        head, objective = leased_objective(lease)
        payload = {"content": f"Step {turn} of {count} is done.", "toolCalls": [], "usage": _USAGE}
        now = timezone.now()
        note(objective, head, [event(Kind.ASSISTANT_MESSAGE, payload, now=now, started_at=now)])

    return commit_steadily(run_ids, write, count=count, per_second=per_second)
