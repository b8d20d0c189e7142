"""Events by month: they land in their month's partition, and a month goes as a whole."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from executions.models import HeadState, RunEvent, RunHead, RunKind
from executions.runs import partitions
from executions.runs.partitions import droppable_months, first_id, make_month, missing_months, month_of
from executions.runs.retention import prune_events

pytestmark = pytest.mark.django_db

FUTURE = datetime(2041, 3, 31, 23, 59, 59, tzinfo=UTC)  # far from what other tests and the clock make
MARCH = month_of(FUTURE)
AFTER = datetime(2041, 7, 15, tzinfo=UTC)


@pytest.fixture
def march() -> None:
    for month in missing_months(FUTURE):
        make_month(month)


def run_made(at: datetime, *, ended: bool = True, events: int = 3, last: datetime | None = None) -> uuid.UUID:
    """A run with events, made at a time."""
    run_id = uuid.UUID(int=first_id(at).int | (uuid.uuid4().int & ((1 << 76) - 1)))
    state = HeadState.ENDED if ended else HeadState.QUEUED
    RunHead.objects.create(
        run_id=run_id, kind=RunKind.EXECUTION, space_id=uuid.uuid4(), state=state, seq=events
    )
    times = [at] * (events - 1) + [last or at]
    RunEvent.objects.bulk_create(
        RunEvent(run_id=run_id, seq=seq, event_id=uuid.uuid4(), kind="text.appended", data={}, at=time)
        for seq, time in enumerate(times, start=1)
    )
    return run_id


def partition_of(run_id: uuid.UUID) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass FROM executions_runevent WHERE run_id = %s", [run_id])
        return str(cursor.fetchone()[0])


def numbers_of(run_id: uuid.UUID) -> list[int]:
    """The numbers of the events that are kept, in order."""
    return list(RunEvent.objects.filter(run_id=run_id).order_by("seq").values_list("seq", flat=True))


def names() -> set[str]:
    return {month.name for month in partitions._made()}


def prune(before: datetime) -> int:
    return sum(prune_events(before, dry_run=False))


def test_a_month_begins_and_ends_at_midnight_utc():
    following = month_of(FUTURE + timedelta(seconds=1))

    assert (MARCH.name, following.name) == ("executions_runevent_2041_03", "executions_runevent_2041_04")
    assert MARCH.high == following.low
    assert MARCH.low < first_id(FUTURE) < MARCH.high
    assert month_of(datetime(2040, 12, 31, tzinfo=UTC)).high == month_of(datetime(2041, 1, 1, tzinfo=UTC)).low


def test_the_current_month_and_two_more_are_made_once(march):
    assert {f"executions_runevent_2041_0{number}" for number in (3, 4, 5)} <= names()
    assert missing_months(FUTURE) == []
    assert [month.name for month in missing_months(FUTURE + timedelta(days=1))] == [
        "executions_runevent_2041_06"
    ]


def test_events_land_in_the_month_of_their_run_and_else_in_the_default(march):
    inside, outside = run_made(FUTURE), run_made(datetime(2042, 1, 1, tzinfo=UTC))

    assert partition_of(inside) == MARCH.name
    assert partition_of(outside) == partitions.DEFAULT
    assert numbers_of(inside) == [1, 2, 3]


def test_events_of_today_have_a_partition_after_migrating():
    assert partition_of(run_made(datetime.now(UTC))) != partitions.DEFAULT


def test_a_month_whose_events_lie_in_the_default_already_is_left_there():
    stray = run_made(FUTURE)

    with pytest.raises(IntegrityError), transaction.atomic():
        make_month(MARCH)

    assert partition_of(stray) == partitions.DEFAULT
    assert MARCH.name not in names()
    assert [month.name[-7:] for month in missing_months(FUTURE)] == ["2041_04", "2041_05"]


def test_events_stay_append_only_in_every_month(march):
    run_id = run_made(FUTURE)

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        RunEvent.objects.filter(run_id=run_id).update(kind="other.kind")


def test_a_month_that_is_over_goes_as_a_whole_and_answers_a_gap(march):
    gone = run_made(FUTURE)
    kept = run_made(FUTURE + timedelta(days=10))

    prune(datetime(2041, 4, 1, tzinfo=UTC))

    assert MARCH.name not in names()
    assert (numbers_of(gone), numbers_of(kept)) == ([], [1, 2, 3])
    assert RunHead.objects.get(pk=gone).seq == 3


def test_a_month_that_retention_divides_stays(march):
    run_id = run_made(FUTURE - timedelta(days=20))

    prune(FUTURE - timedelta(days=10))

    assert MARCH.name in names()
    assert numbers_of(run_id) == []


def test_what_outlives_its_month_is_carried_out_of_it(march):
    waiting = run_made(FUTURE, ended=False)
    late = run_made(FUTURE, last=AFTER - timedelta(days=1))
    gone = run_made(FUTURE)

    prune(AFTER - timedelta(days=30))

    assert MARCH.name not in names()
    assert [len(numbers_of(run_id)) for run_id in (waiting, late, gone)] == [3, 3, 0]
    assert {partition_of(waiting), partition_of(late)} == {partitions.DEFAULT}
    prune(AFTER)
    assert [len(numbers_of(run_id)) for run_id in (waiting, late)] == [3, 0]


def test_a_month_with_too_many_to_carry_is_pruned_run_by_run(march, monkeypatch):
    monkeypatch.setattr(partitions, "MOST_SURVIVORS", 1)
    waiting = [run_made(FUTURE, ended=False) for _ in range(2)]
    gone = run_made(FUTURE)

    prune(AFTER)

    assert MARCH.name in names()
    assert [len(numbers_of(run_id)) for run_id in (*waiting, gone)] == [3, 3, 0]


@pytest.fixture
def written() -> Iterator[list[str]]:
    """The statements that are sent."""
    statements: list[str] = []

    def note(execute: Any, statement: Any, *rest: Any) -> Any:
        statements.append(str(statement))
        return execute(statement, *rest)

    with connection.execute_wrapper(note):
        yield statements


def test_dropping_a_month_deletes_no_row_however_many_there_are(march, written):
    for _ in range(20):
        run_made(FUTURE, events=50)
    written.clear()

    prune(datetime(2041, 4, 1, tzinfo=UTC))

    assert MARCH.name not in names()
    assert not any(statement.lstrip().startswith("DELETE") for statement in written)


def test_only_months_that_are_wholly_over_are_droppable(march):
    before = datetime(2041, 5, 1, tzinfo=UTC)

    droppable = [month.name for month in droppable_months(before)]

    assert droppable[-2:] == ["executions_runevent_2041_03", "executions_runevent_2041_04"]
