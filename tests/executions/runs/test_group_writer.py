"""What many runs of a worker say goes to their logs together, and none of them holds up another."""

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from executions.models import RunEvent, RunHead
from executions.runs import group_writer as module
from executions.runs.event_kinds import EventKind
from executions.runs.group_writer import GroupRecorder, GroupWriter
from executions.runs.lease import Lease
from executions.runs.log import NewEvent
from executions.runs.registry import begin_run
from executions.runs.worker.stop_signal import StopSignal
from spaces.ids import new_id
from tests.executions.runs.worker.attempts import start
from tests.executions.runs.worker.conftest import _django_db_helper, committed
from tests.executions.runs.worker.processes import wait_until

__all__ = ["_django_db_helper", "committed"]

pytestmark = pytest.mark.django_db


class Saying(GroupRecorder):
    """One event for what waits together."""

    def events(self, texts: list[str]) -> list[NewEvent]:
        return [NewEvent(EventKind.TEXT, {"text": "".join(texts)}, timezone.now())]


@pytest.fixture
def writer(committed: None) -> Iterator[GroupWriter]:
    writer = GroupWriter()
    writer.start()
    yield writer
    writer.stop()


def leased() -> Lease:
    lease = begin_run(start("").id, "execution", owner=new_id(), now=timezone.now())
    assert lease is not None
    return lease


def recorder(writer: GroupWriter) -> Saying:
    return Saying(leased(), StopSignal(), writer)


def say(who: GroupRecorder, text: str) -> None:
    asyncio.run(who.add(text))


def said(who: GroupRecorder) -> list[str]:
    events = RunEvent.objects.filter(run_id=who.lease.run_id, kind=EventKind.TEXT).order_by("seq")
    return [event.data["text"] for event in events]


def test_what_comes_after_a_pause_is_written_at_once_and_the_lease_renewed(writer: GroupWriter):
    one = recorder(writer)
    late = timezone.now() + timedelta(seconds=1)
    RunHead.objects.filter(pk=one.lease.run_id).update(lease_until=late)
    before = time.monotonic()

    say(one, "Hello")
    wait_until(lambda: said(one))

    head = RunHead.objects.get(pk=one.lease.run_id)
    assert (said(one), one.offset) == (["Hello"], 5)
    assert head.lease_until > late
    wait_until(lambda: one.renewed_at >= before)


def test_what_several_runs_say_is_one_transaction(writer: GroupWriter, monkeypatch: pytest.MonkeyPatch):
    several = [recorder(writer) for _ in range(3)]
    for one in several:
        one.written_at = time.monotonic()  # as if each had just been written
    monkeypatch.setattr(module, "BATCH_SECONDS", 1.0)

    for one in several:
        say(one, "Hel")
        say(one, "lo")
    wait_until(lambda: all(map(said, several)))

    assert [said(one) for one in several] == [["Hello"]] * 3
    with connection.cursor() as cursor:
        ids = [one.lease.run_id for one in several]
        cursor.execute(
            "SELECT count(DISTINCT xmin::text) FROM executions_runevent WHERE run_id = ANY(%s) AND kind = %s",
            [ids, EventKind.TEXT],
        )
        assert cursor.fetchone() == (1,)


def test_a_run_whose_head_is_locked_waits_and_holds_up_no_other(writer: GroupWriter):
    stuck, other = recorder(writer), recorder(writer)

    with transaction.atomic():
        RunHead.objects.select_for_update(no_key=True).get(pk=stuck.lease.run_id)
        say(stuck, "I wait.")
        say(other, "I do not.")
        wait_until(lambda: said(other))
        meanwhile = said(stuck)
    asyncio.run(stuck.flush())

    assert meanwhile == []
    assert (said(stuck), said(other)) == (["I wait."], ["I do not."])


def test_whoever_says_too_much_waits_until_it_is_written(
    writer: GroupWriter, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "MOST_OF_RUN", 10)
    one = recorder(writer)

    async def flood() -> bool:
        adding = asyncio.create_task(one.add("far too much text"))
        done, _ = await asyncio.wait({adding}, timeout=0.5)
        return bool(done)

    with transaction.atomic():
        RunHead.objects.select_for_update(no_key=True).get(pk=one.lease.run_id)
        is_through = asyncio.run(flood())
    say(one, "!")

    assert not is_through
    asyncio.run(one.flush())
    assert "".join(said(one)) == "far too much text!"


def test_of_a_run_that_somebody_else_has_nothing_more_is_written(writer: GroupWriter):
    stop = StopSignal()
    lost = Saying(leased(), stop, writer)
    RunHead.objects.filter(pk=lost.lease.run_id).update(fence=lost.lease.fence + 1)

    say(lost, "Too late.")
    stop.set("lease_lost")
    asyncio.run(lost.flush())

    assert said(lost) == []
    assert (lost.texts, lost.offset) == ([], 0)


def test_what_still_waits_is_taken_by_whoever_ends_the_turn(
    writer: GroupWriter, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "BATCH_SECONDS", 1000.0)
    one = recorder(writer)
    one.written_at = time.monotonic()

    say(one, "the rest")
    (event,) = asyncio.run(one.take())

    assert (event.data["text"], one.offset, said(one)) == ("the rest", 8, [])
