"""What the model writes reaches the log as it comes: its first piece at once, the rest together."""

import asyncio
import time

import pytest
from django.utils import timezone

from executions.models import RunEvent
from executions.runs import group_writer as module
from executions.runs.group_writer import GroupWriter
from executions.runs.registry import begin_run
from executions.runs.worker.stop_signal import StopSignal
from objectives.agent_loop.context import TextRecorder
from spaces.ids import new_id
from tests.executions.runs.worker.processes import wait_until
from tests.factories import make_actor
from tests.objectives.agent_loop.working import start

pytestmark = pytest.mark.django_db


def test_the_first_piece_is_written_at_once_and_the_rest_as_one_event(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "BATCH_SECONDS", 1000.0)
    objective = start(make_actor(), script=[{"answer": {"answer": "yes"}}])
    lease = begin_run(kind="objective", run_id=objective.id, owner=new_id(), now=timezone.now())
    assert lease is not None
    writer = GroupWriter()
    writer.start()
    recorder = TextRecorder(lease, StopSignal(), writer)
    recorder.written_at = time.monotonic() - 1001
    recorder.begin(1, 1)

    def written() -> list[tuple[int, str]]:
        events = RunEvent.objects.filter(run_id=objective.id, kind="text.appended").order_by("seq")
        return [(event.data["offset"], event.data["text"]) for event in events]

    asyncio.run(recorder.add("Hel"))
    wait_until(written)
    for piece in ("lo, ", "world"):
        asyncio.run(recorder.add(piece))
    at_once = written()
    asyncio.run(recorder.flush())

    assert at_once == [(0, "Hel")]
    assert written() == [(0, "Hel"), (3, "lo, world")]
    writer.stop()
