"""Who works at the desk, and executions in every state for them to look at."""

from datetime import datetime, timedelta

from django.contrib.auth.models import Permission
from django.test import Client

from executions.actions.leased import Usage
from executions.actions.sub_executions import start_sub_execution
from executions.models import Artifact, SkillExecution
from executions.runs.lease import Lease
from executions.runs.log import NewEvent
from spaces.models import Principal
from tests import histories
from tests.factories import NOW, Actor, make_operator
from tests.histories import begin

__all__ = ["begin"]

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
    return histories.dispatch(actor, tool_call_id=call, thread_id=thread, tool_name=slug, now=at)


def succeed(execution: SkillExecution) -> SkillExecution:
    return histories.succeed(execution, {"answer": 42}, now=NOW + timedelta(seconds=1))


def fail(execution: SkillExecution) -> SkillExecution:
    return histories.fail(execution, "memory_limit", "It used 600 MiB of 512 MiB.")


def call(lease: Lease, *, key: str, slug: str = "echo") -> SkillExecution:
    """A sub-execution, as the running execution's script would call it."""
    return start_sub_execution(
        lease=lease, call_key=key, slug=slug, inputs={"text": "sub"}, files=[], now=NOW
    )


def spend(lease: Lease, usage: Usage) -> None:
    event = NewEvent("usage.recorded", {"model": usage.model}, NOW)
    histories.spend(lease, usage, events=[event])


def keep_picture(lease: Lease, *, relpath: str = "outputs/chart.png") -> Artifact:
    return histories.keep(lease, relpath=relpath, content=PNG)
