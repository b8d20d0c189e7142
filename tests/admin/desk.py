"""Who works at the desk, and executions in every state for them to look at."""

import io
import uuid
from datetime import datetime, timedelta

from django.contrib.auth.models import Permission
from django.test import Client

from executions.actions.calling import start_sub_execution
from executions.actions.running import (
    Progress,
    Usage,
    begin_attempt,
    begin_called_attempt,
    finish_failed,
    finish_succeeded,
    keep_results,
    record,
)
from executions.actions.starting import dispatch_tool_call
from executions.models import Artifact, SkillExecution
from executions.runlog.events import NewEvent
from executions.runlog.lease import Lease
from spaces.blobs import store_blob
from spaces.models import Principal
from tests.factories import NOW, Actor, make_operator

LIST = "/admin/executions/skillexecution/"
# The smallest picture there is: one transparent pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000a49444154789c63000100000500010d0a2db40000000049454e44ae426082"
)


def operator_client() -> Client:
    return client_of(make_operator())


def client_of(principal: Principal) -> Client:
    client = Client()
    client.force_login(principal)
    return client


def make_staff(*, permissions: tuple[str, ...], email: str = "staff@example.com") -> Principal:
    """Somebody who opens the admin by Django permissions (their code names) only."""
    staff = Principal.objects.create(email=email, display_name="Staff", is_staff=True, created_at=NOW)
    found = Permission.objects.filter(codename__in=permissions)
    assert len(found) == len(permissions)
    staff.user_permissions.set(found)
    return staff


def make_execution(
    *, actor: Actor, call: str = "call_1", thread: str = "t1", slug: str = "echo", at: datetime = NOW
) -> SkillExecution:
    execution, _ = dispatch_tool_call(
        access=actor.access,
        tool_name=slug,
        arguments={"text": "hi"},
        tool_call_id=call,
        thread_id=thread,
        now=at,
    )
    return execution


def begin(execution: SkillExecution) -> Lease:
    begin_one = begin_called_attempt if execution.parent_id else begin_attempt
    lease = begin_one(run_id=execution.id, owner=uuid.uuid4(), now=NOW)
    assert lease is not None
    return lease


def succeed(execution: SkillExecution) -> SkillExecution:
    return finish_succeeded(lease=begin(execution), outputs={"answer": 42}, now=NOW + timedelta(seconds=1))


def fail(execution: SkillExecution) -> SkillExecution:
    error = {"type": "memory_limit", "message": "It used 600 MiB of 512 MiB."}
    return finish_failed(lease=begin(execution), reason="memory_limit", error=error, now=NOW)


def call(lease: Lease, *, key: str, slug: str = "echo") -> SkillExecution:
    """A sub-execution, as the running execution's script would call it."""
    return start_sub_execution(
        lease=lease, call_key=key, slug=slug, inputs={"text": "sub"}, files=[], now=NOW
    )


def spend(lease: Lease, usage: Usage) -> None:
    event = NewEvent("usage.recorded", {"model": usage.model}, NOW)
    record(lease=lease, progress=Progress([event], [usage], 1))


def keep_picture(lease: Lease, *, relpath: str = "outputs/chart.png") -> Artifact:
    blob = store_blob(io.BytesIO(PNG), now=NOW)
    artifact = Artifact(
        execution_id=lease.run_id,
        relpath=relpath,
        document_type="chart",
        content_type="image/png",
        blob=blob,
        size_bytes=blob.size_bytes,
        created_at=NOW,
    )
    keep_results(lease=lease, artifacts=[artifact], archive=None, now=NOW)
    return artifact
