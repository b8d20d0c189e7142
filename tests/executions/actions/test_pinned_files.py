"""Files are chosen when an execution is asked for; every attempt and every retry gets those."""

import importlib
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from executions.actions.cancellation import request_cancel
from executions.actions.dispatch import dispatch_tool_call, start_execution
from executions.actions.pinned_files import PinnedFile, pinned_files
from executions.actions.retry import retry_execution
from executions.models import SkillExecution, StagedFile
from spaces.access import Caller
from spaces.models import UploadedFile
from spaces.retention import UNTOUCHED_FOR, delete_unreferenced_blobs
from spaces.uploads import upload_file
from tests.factories import NOW, Actor, make_actor, make_skill

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor() -> Actor:
    make_skill()
    return make_actor()


def upload(actor: Actor, name: str, content: bytes, *, minutes: int = 0) -> PinnedFile:
    at = NOW + timedelta(minutes=minutes)
    file = upload_file(caller=Caller(actor.principal), name=name, content=io.BytesIO(content), now=at)
    return PinnedFile(name, file.blob_id)


def start(actor: Actor, *names: str) -> SkillExecution:
    execution, _ = start_execution(
        access=actor.access, slug="echo", inputs={"text": "hi"}, file_source_ids=names, now=NOW
    )
    return execution


def test_the_newest_of_each_name_is_pinned_in_the_order_asked_for(actor: Actor):
    upload(actor, "b.csv", b"old")
    b = upload(actor, "b.csv", b"new", minutes=1)
    a = upload(actor, "a.csv", b"a")

    execution = start(actor, "b.csv", "none.csv", "a.csv", "b.csv")

    assert pinned_files(execution) == (b, a)
    assert execution.file_source_ids == ["b.csv", "none.csv", "a.csv", "b.csv"]


def test_what_is_uploaded_later_is_for_later_executions(actor: Actor):
    first = upload(actor, "a.csv", b"first")
    execution = start(actor, "a.csv", "late.csv")
    second = upload(actor, "a.csv", b"second", minutes=1)
    late = upload(actor, "late.csv", b"late", minutes=1)

    assert pinned_files(execution) == (first,)
    assert pinned_files(start(actor, "a.csv", "late.csv")) == (second, late)


def test_a_tool_call_pins_its_files_once(actor: Actor):
    first = upload(actor, "a.csv", b"first")
    call = {"access": actor.access, "tool_name": "echo", "arguments": {"text": "hi"}, "tool_call_id": "c"}
    execution, _ = dispatch_tool_call(**call, uploaded_files=["a.csv"], now=NOW)
    upload(actor, "a.csv", b"second", minutes=1)

    again, is_new = dispatch_tool_call(**call, uploaded_files=["a.csv"], now=NOW)

    assert (again.id, is_new) == (execution.id, False)
    assert pinned_files(again) == (first,)


def test_a_persons_retry_gets_the_same_files(actor: Actor):
    first = upload(actor, "a.csv", b"first")
    execution = start(actor, "a.csv", "late.csv")
    upload(actor, "a.csv", b"second", minutes=1)
    upload(actor, "late.csv", b"late", minutes=1)
    request_cancel(access=actor.access, execution_id=execution.id, now=NOW)

    retry, is_new = retry_execution(access=actor.access, execution_id=execution.id, now=NOW)

    assert is_new
    assert retry.file_source_ids == ["a.csv", "late.csv"]
    assert pinned_files(retry) == (first,)


def test_a_strangers_files_are_not_found(actor: Actor):
    upload(make_actor(space=actor.space), "a.csv", b"theirs")

    assert pinned_files(start(actor, "a.csv")) == ()


def test_pinned_bytes_are_kept_though_their_upload_is_gone(actor: Actor):
    pinned = upload(actor, "a.csv", b"first")
    start(actor, "a.csv")
    UploadedFile.objects.all().delete()

    deleted = sum(delete_unreferenced_blobs(timezone.now() + UNTOUCHED_FOR * 2))

    assert deleted == 0
    assert StagedFile.objects.get().blob_id == pinned.sha256


def test_executions_from_before_are_pinned_to_what_was_there_then(actor: Actor):
    upload(actor, "a.csv", b"older", minutes=-2)
    then = upload(actor, "a.csv", b"then", minutes=-1)
    b = upload(actor, "b.csv", b"b", minutes=-1)
    execution = start(actor, "b.csv", "none", "a.csv", "b.csv")
    upload(actor, "a.csv", b"later", minutes=1)
    StagedFile.objects.all().delete()

    migration = importlib.import_module("executions.migrations.0012_pin_files_of_former_executions")
    with connection.cursor() as cursor:
        cursor.execute(migration.PIN)

    assert pinned_files(execution) == (b, then)
