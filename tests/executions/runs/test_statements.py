"""What dispatch and claim write by one statement is what the models and the lifecycle would write."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from procrastinate.contrib.django.models import ProcrastinateJob

from executions.actions import creation, dispatch
from executions.actions.claim import claim
from executions.actions.creation import AlreadyMade, Order, create_execution, find_version
from executions.actions.dispatch import dispatch_tool_call
from executions.actions.leased import hand_back
from executions.actions.sub_executions import start_sub_execution
from executions.api.selectors import read_execution, row_of_new
from executions.lifecycle import move
from executions.models import (
    FeedEntry,
    RunEvent,
    RunHead,
    RunKind,
    SkillExecution,
    SkillVersion,
    Source,
    State,
)
from executions.runs.claims import called
from executions.runs.feed import append_to_feed
from executions.runs.log import NewEvent, append, locked_head
from executions.runs.queue import enqueue_run, ticket
from executions.runs.registry import begin_run
from spaces.ids import new_id
from tests.factories import NOW, Actor, make_actor, make_skill

pytestmark = pytest.mark.django_db

LATER = datetime(2026, 11, 22, 12, 0, 7, 999_999, tzinfo=UTC)
WORKER = uuid.UUID(int=7)
OWN = {"id", "run_id", "event_id", "last_event_id", "n", "trace_id", "available_at", "lease_until", "search"}
OWN |= {"args", "chat_tool_call_id", "dispatch_key", "search_text", "call_key", "request_digest", "inputs"}


@pytest.fixture
def actor() -> Actor:
    make_skill()
    return make_actor()


def order_of(actor: Actor, call_id: str | None = None, **fields: Any) -> Order:
    return Order(
        space_id=actor.space.id,
        tenant_id=actor.tenant.id,
        principal_id=actor.principal.id,
        source=Source.CHAT,
        inputs={"text": "café", "number": 1.5, "nested": [None, {"deep": True}]},
        file_source_ids=["a.csv", 'with "quotes", and commas'],
        model="demo",
        chat_thread_id="thread",
        chat_tool_call_id=call_id,
        request_digest=b"digest",
        **fields,
    )


def create_by_models(order: Order, version: SkillVersion) -> SkillExecution:
    """The same writes one by one, as models and run log make them."""
    with transaction.atomic():
        execution = SkillExecution.objects.create(**creation._columns(order, version, NOW))
        available_at = None if order.parent else Now()
        head = RunHead(
            run_id=execution.id, kind=RunKind.EXECUTION, space_id=order.space_id, available_at=available_at
        )
        payload = creation._queued_payload(execution)
        event = append(head, [NewEvent("execution.queued", payload, NOW)])[0]
        head.save(force_insert=True)
        if order.parent is None:
            enqueue_run(execution.id, "execution")
        append_to_feed(order.space_id, [event])
    return execution


def start_by_models(execution_id: uuid.UUID, now: datetime) -> None:
    """The same claim, as the lifecycle makes it."""
    with transaction.atomic():
        head = locked_head(execution_id)
        head.state, head.lease_owner, head.available_at = "running", WORKER, None
        head.fence += 1
        head.lease_until = Now() + timedelta(seconds=8)
        head.save()
        row = SkillExecution.objects.select_for_update(no_key=True).get(pk=execution_id)
        data = {"fence": head.fence}
        move(row, head, State.RUNNING, data=data, now=now)


def written(execution_id: uuid.UUID) -> dict[str, Any]:
    """Everything in the tables about a run, without what is its own, and whether that is there."""
    rows = {
        "row": SkillExecution.objects.filter(pk=execution_id),
        "head": RunHead.objects.filter(pk=execution_id),
        "log": RunEvent.objects.filter(run_id=execution_id).order_by("seq"),
        "feed": FeedEntry.objects.filter(run_id=execution_id).order_by("n"),
        "jobs": ProcrastinateJob.objects.filter(args=ticket(execution_id, "execution")),
    }
    return {name: [_common(row) for row in found.values()] for name, found in rows.items()}


def _common(row: dict[str, Any]) -> dict[str, Any]:
    common = {name: (value is None if name in OWN else value) for name, value in row.items()}
    if "data" in common:
        common["data"] = {**common["data"], "chat_tool_call_id": None}
    return common


@pytest.mark.parametrize("call_ids", [(None, None), ("call_1", "call_2")])
def test_a_dispatch_writes_what_the_models_would_write(actor: Actor, call_ids: tuple[str | None, str | None]):
    version, _ = find_version(actor.tenant.id, "echo")
    mine, theirs = (order_of(actor, call_id) for call_id in call_ids)

    made = create_execution(mine, version, now=NOW)
    by_models = create_by_models(theirs, version)

    assert written(made.id) == written(by_models.id)
    assert len(written(made.id)["jobs"]) == 1
    assert SkillExecution.objects.get(pk=made.id).inputs == mine.inputs
    assert [entry.n for entry in FeedEntry.objects.order_by("n")] == [1, 2]


def test_a_sub_execution_is_written_as_the_models_would_write_it_and_has_no_job(actor: Actor):
    version, _ = find_version(actor.tenant.id, "echo")
    parent = create_execution(order_of(actor), version, now=NOW)

    made = create_execution(order_of(actor, parent=parent, call_key="a"), version, now=NOW)
    by_models = create_by_models(order_of(actor, parent=parent, call_key="b"), version)

    assert written(made.id) == written(by_models.id)
    assert written(made.id)["jobs"] == []
    assert RunHead.objects.get(pk=made.id).available_at is None


def test_what_is_made_is_told_as_it_is_read(actor: Actor):
    version, _ = find_version(actor.tenant.id, "echo")

    made = create_execution(order_of(actor, "call_1"), version, now=LATER)

    assert row_of_new(made) == read_execution(made.id)


def test_a_taken_key_writes_nothing_and_leaves_the_transaction_usable(actor: Actor):
    version, _ = find_version(actor.tenant.id, "echo")
    with transaction.atomic():
        made = create_execution(order_of(actor, "call_1"), version, now=NOW)

        with pytest.raises(AlreadyMade):
            create_execution(order_of(actor, "call_1"), version, now=NOW)

        assert [execution.id for execution in SkillExecution.objects.all()] == [made.id]
    assert RunHead.objects.count() == RunEvent.objects.count() == FeedEntry.objects.count() == 1
    assert ProcrastinateJob.objects.filter(args=ticket(made.id, "execution")).count() == 1


@pytest.mark.parametrize("now", [NOW, LATER, NOW + timedelta(microseconds=7)])
def test_a_claim_writes_what_the_lifecycle_would_write(actor: Actor, now: datetime):
    version, _ = find_version(actor.tenant.id, "echo")
    mine, theirs = (create_execution(order_of(actor), version, now=NOW) for _ in range(2))

    lease = begin_run(kind="execution", run_id=mine.id, owner=WORKER, now=now)
    start_by_models(theirs.id, now)

    assert lease is not None
    assert (lease.fence, lease.space_id) == (1, actor.space.id)
    assert written(mine.id) == written(theirs.id)


def test_a_further_attempt_is_claimed_as_the_lifecycle_would(actor: Actor):
    version, _ = find_version(actor.tenant.id, "echo")
    mine, theirs = (create_execution(order_of(actor), version, now=NOW) for _ in range(2))
    for execution in (mine, theirs):
        lease = begin_run(kind="execution", run_id=execution.id, owner=WORKER, now=LATER)
        assert lease is not None
        hand_back(lease=lease, reason="model_error", delay=timedelta(0), now=LATER)

    begin_run(kind="execution", run_id=mine.id, owner=WORKER, now=LATER + timedelta(minutes=1))
    start_by_models(theirs.id, LATER + timedelta(minutes=1))

    mine_written, theirs_written = written(mine.id), written(theirs.id)
    for one in (mine_written, theirs_written):
        one["log"][2]["data"].pop("available_at")  # the database's own time
    assert mine_written == theirs_written
    assert mine_written["row"][0]["started_at"] == LATER
    assert mine_written["row"][0]["attempt"] == 2


def test_a_called_execution_is_claimed_as_the_lifecycle_would(actor: Actor):
    version, _ = find_version(actor.tenant.id, "echo")
    parent = create_execution(order_of(actor), version, now=NOW)
    lease = begin_run(kind="execution", run_id=parent.id, owner=WORKER, now=NOW)
    assert lease is not None
    call = {"lease": lease, "slug": "echo", "inputs": {"text": "a"}, "files": [], "now": NOW}
    mine, theirs = (start_sub_execution(call_key=key, **call) for key in "ab")

    claim(called(mine.id), owner=WORKER, now=LATER)
    start_by_models(theirs.id, LATER)

    assert written(mine.id) == written(theirs.id)


def test_event_ids_ascend_in_a_claim_though_the_clock_went_back(actor: Actor):
    version, _ = find_version(actor.tenant.id, "echo")
    execution = create_execution(order_of(actor), version, now=NOW)
    ahead = uuid.UUID("ffffffff-ffff-7fff-8fff-0000000fffff")
    RunHead.objects.filter(pk=execution.id).update(last_event_id=ahead)

    begin_run(kind="execution", run_id=execution.id, owner=WORKER, now=NOW)

    event = RunEvent.objects.get(run_id=execution.id, seq=2)
    assert event.event_id == uuid.UUID(int=ahead.int + 1)
    assert RunHead.objects.get(pk=execution.id).last_event_id == event.event_id


def test_a_head_whose_row_does_not_wait_is_not_claimed(actor: Actor):
    version, _ = find_version(actor.tenant.id, "echo")
    execution = create_execution(order_of(actor), version, now=NOW)
    SkillExecution.objects.filter(pk=execution.id).update(state="running")

    with pytest.raises(IntegrityError), transaction.atomic():
        begin_run(kind="execution", run_id=execution.id, owner=WORKER, now=NOW)

    head = RunHead.objects.get(pk=execution.id)
    assert (head.state, head.seq, head.fence) == ("queued", 1, 0)


def test_a_run_of_another_kind_is_not_claimed_as_an_execution(actor: Actor):
    run_id = new_id()
    RunHead.objects.create(run_id=run_id, kind="objective", space_id=actor.space.id, available_at=Now())

    assert begin_run(kind="execution", run_id=run_id, owner=WORKER, now=NOW) is None


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (dispatch._BY_DISPATCH, "a_tool_call_is_dispatched_once"),
        (dispatch._BY_IDEMPOTENCY, "an_idempotency_key_starts_once"),
    ],
)
def test_what_was_asked_for_before_is_found_by_its_unique_index(actor: Actor, statement: str, index: str):
    for number in range(30):
        dispatch_tool_call(
            access=actor.access,
            tool_name="echo",
            arguments={"text": "a"},
            tool_call_id=f"call_{number}",
            now=NOW,
        )

    key = b"key" if index.startswith("a_") else "key"
    with connection.cursor() as cursor:
        # Without statistics all indexes look alike, and which one is taken hangs on who made the database.
        cursor.execute("ANALYZE executions_skillexecution")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {statement}", [actor.space.id, actor.principal.id, key])
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert index in plan
