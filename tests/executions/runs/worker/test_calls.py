"""A skill that calls another: its own row, log and sandbox, in its caller's slot and time."""

import threading
import time
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from executions.actions.cancellation import request_cancel
from executions.actions.sub_executions import MAX_DEPTH
from executions.models import SkillExecution
from executions.runs.worker.context import Bench
from tests.executions.runs.worker.attempts import data_of, fresh, kinds, run, start
from tests.executions.runs.worker.processes import wait_until
from tests.factories import Actor, make_actor, make_skill, make_space

pytestmark = pytest.mark.django_db(transaction=True)

HEAD = "from callboard_skill import *\nimport callboard_skill as skill\n"
CHILD = f"""{HEAD}
from pathlib import Path
Path("outputs/copy.txt").write_text(materials()[0].read_text().upper())
artifact("outputs/copy.txt", "copy")
usage(cost_usd="0.02", input_tokens=5)
output(said=skill.inputs["text"])
"""
PARENT = f"""{HEAD}
from pathlib import Path
Path("note.txt").write_text("quiet")
result = call_skill("child", {{"text": "go"}}, files=["note.txt"], call_key="first")
output(child=result.outputs, copy=result.artifacts[0].path.read_text(), state=result.state,
       path=str(result.artifacts[0].path), id=result.execution_id)
"""


def start_pair(parent: str = PARENT, child: str = CHILD, *, actor: Actor | None = None, **skill: str):
    """A queued execution of `parent`, which may call `child`."""
    actor = actor or make_actor()
    make_skill(slug="child", script=child, tenant=actor.tenant)
    return start(parent, actor=actor, slug="parent", skills="[child]", **skill)


def child_of(parent: SkillExecution) -> SkillExecution:
    return SkillExecution.objects.get(parent=parent)


def test_the_caller_gets_outputs_and_artifacts_and_both_are_on_record(bench: Bench):
    parent = run(start_pair(), bench)

    child = child_of(parent)
    assert parent.outputs == {
        "child": {"said": "go"},
        "copy": "QUIET",
        "state": "succeeded",
        "path": "/workspace/calls/first/copy.txt",
        "id": str(child.id),
    }
    assert (child.source, child.state, child.depth, child.call_key) == ("sub_skill", "succeeded", 1, "first")
    assert (child.trace_id, child.principal_id) == (parent.trace_id, parent.principal_id)
    assert (parent.cost_usd, child.cost_usd) == (0, Decimal("0.02"))
    assert data_of(parent, "sub_execution.started")[0]["execution_id"] == str(child.id)
    assert data_of(parent, "sub_execution.finished")[0]["state"] == "succeeded"
    assert kinds(child)[-1] == "execution.succeeded"


def test_a_sub_execution_that_fails_is_told_to_its_caller(bench: Bench):
    parent = run(start_pair(child=f"{HEAD}fail('not today')"), bench)

    assert child_of(parent).failure_reason == "skill_error"
    assert parent.failure_reason == "skill_error"
    assert "not today" in str(parent.error)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("call_skill('child', {'text': 7})", "invalid_inputs"),
        ("call_skill('child', {'text': 'a'}, files=['none.txt'])", "artifact_rejected"),
        ("call_skill('missing', {})", "not_found"),
    ],
)
def test_a_call_that_cannot_be_made_is_answered_as_failed(bench: Bench, call: str, told: str):
    script = f"{HEAD}\ntry:\n    {call}\nexcept SkillCallFailed as failed:\n    output(e=failed.result.error)"
    actor = make_actor()
    make_skill(slug="child", script=CHILD, tenant=actor.tenant)

    ended = run(start(script, actor=actor, slug="parent", skills="[child, missing]"), bench)

    assert ended.state == "succeeded"
    assert ended.outputs["e"]["type"] == told


def test_one_key_for_two_different_calls_is_a_conflict(bench: Bench):
    script = f"""{HEAD}
open("a.txt", "w").close()
call_skill("child", {{"text": "1"}}, files=["a.txt"], call_key="k")
try:
    call_skill("child", {{"text": "2"}}, files=["a.txt"], call_key="k")
except SkillCallFailed as failed:
    output(type=failed.result.error["type"])
"""

    assert run(start_pair(script), bench).outputs == {"type": "conflict"}


def test_the_same_call_twice_is_made_once(bench: Bench):
    script = f"""{HEAD}
open("a.txt", "w").close()
one, two = [call_skill("child", {{"text": "1"}}, files=["a.txt"], call_key="k") for _ in range(2)]
output(same=one == two)
"""

    parent = run(start_pair(script), bench)

    assert parent.outputs == {"same": True}
    assert kinds(parent).count("sub_execution.finished") == 1


def test_skills_call_each_other_at_most_four_deep(bench: Bench):
    script = f"{HEAD}\nresult = call_skill('deep', {{'text': 'x'}})\noutput(**result.outputs)"
    actor = make_actor()

    ended = run(start(script, actor=actor, slug="deep", skills="[deep]"), bench)

    deepest = SkillExecution.objects.filter(space=actor.space).order_by("-depth").first()
    assert deepest is not None
    assert (deepest.depth, ended.failure_reason) == (MAX_DEPTH, "skill_error")
    assert "four deep" in str(deepest.error)


def test_a_further_attempt_attaches_to_what_the_former_one_called(bench: Bench):
    parent = start_pair(PARENT.replace("output(child", "import time; time.sleep(30)\noutput(child"))
    _interrupt_after_the_call(parent, bench)
    called = child_of(parent)
    # The same bundle cannot behave differently the second time, so the caller is given another.
    quick = make_skill(slug="parent", version="1.0.1", script=PARENT, skills="[child]", tenant=parent.tenant)
    SkillExecution.objects.filter(pk=parent.id).update(skill_version=quick)

    again = run(parent, bench)

    assert again.outputs["copy"] == "QUIET"
    assert again.outputs["id"] == str(called.id)
    assert fresh(called).attempt == 1
    assert kinds(again).count("sub_execution.started") == 1
    assert kinds(again).count("sub_execution.finished") == 1


def _interrupt_after_the_call(parent: SkillExecution, bench: Bench) -> None:
    """Run an attempt until its call is answered, and hand it back as a worker does that ends."""

    def work() -> None:
        run(parent, bench)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(lambda: "sub_execution.finished" in kinds(parent))
    bench.keeper.stop_all("shutdown")
    thread.join(60)
    assert fresh(parent).state == "queued"


def test_what_is_called_shares_the_callers_budget(bench: Bench):
    actor = make_actor(space=make_space(run_budget_usd=Decimal("0.03")))
    script = PARENT.replace("result =", "usage(cost_usd='0.02')\nresult =")

    ended = run(start_pair(script, actor=actor), bench)

    assert (ended.failure_reason, child_of(ended).failure_reason) == ("budget_exceeded", "budget_exceeded")


def test_what_is_called_has_only_the_callers_time_left(bench: Bench):
    parent = run(start_pair(child=f"{HEAD}import time; time.sleep(30)", limits="{wall_seconds: 8}"), bench)

    assert (parent.failure_reason, child_of(parent).failure_reason) == ("timeout", "timeout")


def test_cancelling_the_caller_cancels_what_it_called(bench: Bench):
    actor = make_actor()
    parent = start_pair(child=f"{HEAD}progress(0.1)\nimport time; time.sleep(30)", actor=actor)

    def work() -> None:
        run(parent, bench)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(lambda: SkillExecution.objects.filter(parent=parent, state="running").exists())
    request_cancel(access=actor.access, execution_id=parent.id, now=timezone.now())
    begun = time.monotonic()
    thread.join(60)

    assert time.monotonic() - begun < 20  # the child would sleep for 30
    assert (fresh(parent).state, child_of(parent).state) == ("cancelled", "cancelled")


def test_a_budget_holds_for_the_whole_tree_below(bench: Bench):
    actor = make_actor(space=make_space(run_budget_usd=Decimal(1)))
    spend = f'{HEAD}usage(cost_usd="0.6")\noutput(done=True)'
    pass_on = f'{HEAD}call_skill("inner", {{"text": "go"}})\noutput(done=True)'
    twice = f"""{HEAD}
for key in ("one", "two"):
    try:
        call_skill("middle", {{"text": "go"}}, call_key=key)
    except SkillCallFailed:
        pass
output(done=True)
"""
    make_skill(slug="inner", script=spend, tenant=actor.tenant)
    make_skill(slug="middle", script=pass_on, skills="[inner]", tenant=actor.tenant)

    ended = run(start(twice, actor=actor, slug="outer", skills="[middle]"), bench)

    assert (ended.state, ended.failure_reason) == ("failed", "budget_exceeded")
    assert ended.cost_usd == 0
