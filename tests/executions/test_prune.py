"""`prune` deletes what need not be kept, and nothing that somebody still points at."""

import io
import threading
import uuid
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from executions.actions.cancellation import request_cancel
from executions.actions.dispatch import start_execution
from executions.models import FeedEntry, RunEvent, RunHead, SkillExecution
from spaces.access import Caller
from spaces.blobs import blob_name, open_blob, storage, store_blob
from spaces.idempotency import Repeatable, make_once
from spaces.models import Blob, Ticket, UsedKey
from spaces.tickets import issue_ticket
from tests.factories import make_actor, make_skill

pytestmark = pytest.mark.django_db

LONG_AGO = settings.EVENT_RETENTION + timedelta(days=1)


def prune(*options: str) -> dict[str, int]:
    """How many of each kind went, or would go."""
    out = StringIO()
    call_command("prune", *options, stdout=out)
    lines = (line.rsplit(maxsplit=2 if "deleted" in line else 3) for line in out.getvalue().splitlines())
    return {line[0]: int(line[1]) for line in lines}


def started(days_ago: float, *, cancelled: bool) -> SkillExecution:
    actor = make_actor()
    make_skill(tenant=actor.tenant)
    at = timezone.now() - timedelta(days=days_ago)
    execution, _ = start_execution(access=actor.access, slug="echo", inputs={"text": "a"}, now=at)
    if cancelled:
        request_cancel(access=actor.access, execution_id=execution.id, now=at)
    return _as_old(execution, days_ago)


def _as_old(execution: SkillExecution, days_ago: float) -> SkillExecution:
    """Give the run the id it would have got then: ids carry the time they are made at."""
    then = (execution.id.int >> 80) - int(days_ago * 86_400_000)
    old = type(execution.id)(int=(then << 80) | (execution.id.int & ((1 << 80) - 1)))
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for table in ("runhead", "runevent", "feedentry"):
            cursor.execute(
                f"UPDATE executions_{table} SET run_id = %s WHERE run_id = %s", [old, execution.id]
            )
        cursor.execute("UPDATE executions_skillexecution SET id = %s WHERE id = %s", [old, execution.id])
        cursor.execute("SET session_replication_role = origin")
    return SkillExecution.objects.get(pk=old)


def blob(content: bytes, *, days_ago: float = 2) -> Blob:
    return store_blob(io.BytesIO(content), now=timezone.now() - timedelta(days=days_ago))


def test_only_the_log_of_runs_that_ended_long_ago_goes_and_never_a_head():
    ended, running = started(LONG_AGO.days, cancelled=True), started(LONG_AGO.days, cancelled=False)
    recent = started(1, cancelled=True)

    gone = prune()

    assert (gone["events"], gone["feed entries"]) == (2, 3)
    assert set(RunEvent.objects.values_list("run_id", flat=True)) == {running.id, recent.id}
    assert set(FeedEntry.objects.values_list("run_id", flat=True)) == {recent.id}
    assert RunHead.objects.get(pk=ended.id).seq == 2
    assert SkillExecution.objects.count() == 3


def test_idempotency_keys_go_with_the_events_of_their_time():
    actor = make_actor()
    what = Repeatable(uuid.uuid4, lambda made: made, lambda _: None)
    for key, days in (("old", LONG_AGO.days), ("young", 1)):
        make_once(what, key, access=actor.access, now=timezone.now() - timedelta(days=days))

    counted, gone = prune("--dry-run"), prune()

    assert (counted["idempotency keys"], gone["idempotency keys"]) == (1, 1)
    assert UsedKey.objects.count() == 1


def test_a_blob_goes_when_nothing_has_pointed_at_it_for_a_day():
    left, fresh, used = blob(b"left"), blob(b"fresh", days_ago=0.5), blob(b"used")
    execution = started(1, cancelled=False)
    SkillExecution.objects.filter(pk=execution.pk).update(archive_blob=used)

    gone = prune()

    kept = set(Blob.objects.values_list("pk", flat=True))
    assert gone["blobs"] == 1
    assert left.pk not in kept
    assert {fresh.pk, used.pk, execution.skill_version.bundle_id} <= kept
    assert not storage().exists(blob_name(left.pk))
    assert storage().exists(blob_name(used.pk))


def test_expired_tickets_and_sessions_go():
    actor = make_actor()
    now = timezone.now()
    for at in (now, now - timedelta(hours=1)):
        issue_ticket(caller=Caller(actor.principal, actor.key), session_key=None, now=at)
    session = SessionStore()
    session.create()
    Session.objects.filter(pk=session.session_key).update(expire_date=now - timedelta(days=1))

    gone = prune()

    assert (gone["tickets"], gone["sessions"]) == (1, 1)
    assert (Ticket.objects.count(), Session.objects.count()) == (1, 0)


def test_a_dry_run_counts_the_same_and_deletes_nothing():
    started(LONG_AGO.days, cancelled=True)
    blob(b"left")

    counted = prune("--dry-run")

    assert prune() == counted
    assert (counted["events"], counted["blobs"]) == (2, 1)
    assert set(prune().values()) == {0}


@pytest.mark.django_db(transaction=True)
def test_a_blob_that_is_stored_again_while_it_is_pruned_is_whole_afterwards():
    done = threading.Event()

    def go_on_pruning() -> None:
        while not done.is_set():
            prune()
        connection.close()

    thread = threading.Thread(target=go_on_pruning)
    thread.start()
    try:
        for _ in range(40):
            stored = blob(b"wanted again", days_ago=0)
            with open_blob(stored.pk) as content:
                assert content.read() == b"wanted again"
            assert Blob.objects.filter(pk=stored.pk).update(touched_at=timezone.now() - timedelta(days=2))
    finally:
        done.set()
        thread.join(60)
