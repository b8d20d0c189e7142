"""Dispatching a tool call makes one execution, however often and however concurrently it is asked for."""

import threading
from typing import Any

import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from executions.actions.dispatch import dispatch_tool_call, start_execution
from executions.models import RunEvent, RunHead, SkillExecution
from spaces.errors import Conflict, Invalid, NotFound
from tests.factories import NOW, Actor, make_actor, make_skill

pytestmark = pytest.mark.django_db


def dispatch(actor: Actor, **fields: Any) -> tuple[SkillExecution, bool]:
    fields = {"tool_name": "echo", "arguments": {"text": "hi"}, "tool_call_id": "call_1", **fields}
    return dispatch_tool_call(access=actor.access, now=NOW, **fields)


def test_a_dispatch_makes_row_head_event_and_job_together():
    actor = make_actor()
    make_skill()

    execution, is_new = dispatch(actor)

    assert is_new
    assert (execution.state, execution.source, execution.chat_tool_call_id) == ("queued", "chat", "call_1")
    assert RunHead.objects.get(pk=execution.id).seq == 1
    assert [event.kind for event in RunEvent.objects.filter(run_id=execution.id)] == ["execution.queued"]
    assert ProcrastinateJob.objects.filter(args__run_id=str(execution.id)).count() == 1


def test_the_same_call_again_returns_the_same_execution():
    actor = make_actor()
    make_skill()
    first, _ = dispatch(actor)

    again, is_new = dispatch(actor, uploaded_files=["ignored.csv"])

    assert (again.id, is_new) == (first.id, False)
    assert SkillExecution.objects.count() == 1


def test_the_same_call_with_other_arguments_is_a_conflict():
    actor = make_actor()
    make_skill()
    dispatch(actor)

    with pytest.raises(Conflict):
        dispatch(actor, arguments={"text": "other"})

    assert SkillExecution.objects.count() == 1


def test_the_same_id_in_another_thread_makes_another_execution():
    actor = make_actor()
    make_skill()
    first, _ = dispatch(actor, thread_id="t1")

    second, is_new = dispatch(actor, thread_id="t2")

    assert is_new
    assert second.id != first.id


def test_bad_arguments_name_the_path():
    actor = make_actor()
    make_skill()

    with pytest.raises(Invalid) as refused:
        dispatch(actor, arguments={"text": 7})

    assert refused.value.problems[0]["loc"] == ["body", "arguments", "text"]


def test_an_unknown_skill_is_not_found():
    with pytest.raises(NotFound):
        dispatch(make_actor())


def test_an_idempotency_key_with_another_body_is_a_conflict():
    actor = make_actor()
    make_skill()
    start = {"access": actor.access, "slug": "echo", "idempotency_key": "k", "now": NOW}
    first, _ = start_execution(inputs={"text": "a"}, **start)

    again, is_new = start_execution(inputs={"text": "a"}, **start)
    with pytest.raises(Conflict):
        start_execution(inputs={"text": "b"}, **start)

    assert (again.id, is_new) == (first.id, False)


@pytest.mark.django_db(transaction=True)
def test_a_hundred_dispatches_at_once_make_one_execution():
    actor = make_actor()
    make_skill()
    gate, found = threading.Barrier(20), []

    def ask() -> None:
        gate.wait(60)
        found.extend(dispatch(actor) for _ in range(5))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(found) == 100
    assert len({execution.id for execution, _ in found}) == 1
    assert [is_new for _, is_new in found].count(True) == 1
