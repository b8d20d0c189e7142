"""A real worker process takes what is dispatched, runs it, and obeys."""

import psutil
import pytest
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from executions.actions.cancellation import request_cancel
from executions.actions.dispatch import dispatch_tool_call
from executions.models import WorkerNode
from executions.runs.queue import ADVANCE, QUEUE
from executions.runs.worker.heartbeat import LOOK_SECONDS
from tests.executions.runs.worker.attempts import data_of, fresh, kinds, start, start_again
from tests.executions.runs.worker.collector import Collector
from tests.executions.runs.worker.processes import Worker, processes_with, wait_until
from tests.factories import make_actor, make_skill

pytestmark = pytest.mark.django_db(transaction=True)

HEAD = "from callboard_skill import *\nimport time\n"


def test_a_dispatched_tool_call_is_run(shared_worker: Worker):
    actor = make_actor()
    make_skill(tenant=actor.tenant)

    execution, _ = dispatch_tool_call(
        access=actor.access,
        tool_name="echo",
        arguments={"text": "hi"},
        tool_call_id="call_1",
        now=timezone.now(),
    )
    wait_until(lambda: fresh(execution).is_over)

    assert (fresh(execution).state, fresh(execution).outputs) == ("succeeded", {"text": "hi"})


def test_a_ticket_from_before_an_upgrade_which_says_no_kind_is_taken(shared_worker: Worker):
    actor = make_actor()
    make_skill(tenant=actor.tenant)

    with transaction.atomic():
        execution = start_again(actor)
        ProcrastinateJob.objects.filter(args__run_id=str(execution.id)).delete()
        app.configure_task(ADVANCE, queue=QUEUE).defer(run_id=str(execution.id))
    wait_until(lambda: fresh(execution).is_over)

    assert fresh(execution).state == "succeeded"
    wait_until(lambda: not ProcrastinateJob.objects.filter(args__run_id=str(execution.id)).exists())


def test_a_cancel_reaches_the_sandbox_soon_and_leaves_no_process(shared_worker: Worker):
    actor = make_actor()
    mark = f"mark-{actor.space.id.hex}"
    child = (
        f"import subprocess\nsubprocess.Popen(['python', '-c', 'import time; time.sleep(60)', '{mark}'])\n"
    )
    execution = start(f"{HEAD}{child}progress(0.1)\ntime.sleep(60)", actor=actor)
    wait_until(lambda: "execution.progressed" in kinds(execution) and processes_with(mark))

    request_cancel(access=actor.access, execution_id=execution.id, now=timezone.now())
    wait_until(lambda: fresh(execution).state == "cancelled")

    assert LOOK_SECONDS < 1
    assert not processes_with(mark)
    assert "forced" not in data_of(execution, "execution.cancelled")[0]


def test_a_queue_of_two_spaces_is_worked_off_and_no_job_is_left(shared_worker: Worker):
    actors = make_actor(), make_actor()
    for actor in actors:
        make_skill(tenant=actor.tenant)
    runs = [start_again(actor) for _ in range(5) for actor in actors]

    wait_until(lambda: all(fresh(run).is_over for run in runs))

    assert {fresh(run).state for run in runs} == {"succeeded"}
    wait_until(lambda: not _jobs_left())


def test_the_worker_is_seen(shared_worker: Worker):
    node = WorkerNode.objects.get(pid=shared_worker.pid)

    wait_until(lambda: WorkerNode.objects.get(pk=node.pk).seen_at > node.seen_at)

    assert (node.concurrency, psutil.Process(node.pid).is_running()) == (4, True)


def test_a_run_is_traced_under_its_own_id_and_what_it_calls_below_it(
    shared_worker: Worker, traces: Collector
):
    actor = make_actor()
    make_skill(slug="child", tenant=actor.tenant, script=f"{HEAD}fail('no')")
    script = f"{HEAD}call_skill('child', {{'text': 'a'}}, call_key='k')"
    execution = start(script, actor=actor, slug="parent", skills="[child]")

    wait_until(lambda: len(traces.of_trace(execution.trace_id)) == 2)

    child, parent = traces.of_trace(execution.trace_id)
    attributes = {item.key: item.value.string_value for item in child.attributes}
    assert (parent.name, child.name) == ("execute_tool parent", "execute_tool child")
    assert child.parent_span_id == parent.span_id
    assert (attributes["gen_ai.tool.call.id"], attributes["error.type"]) == ("k", "skill_error")


def test_a_worker_that_loses_all_its_connections_goes_on(shared_worker: Worker):
    actor = make_actor()
    running = start(f"{HEAD}progress(0.1)\ntime.sleep(3)\nprogress(0.9)\noutput(ok=1)", actor=actor)
    wait_until(lambda: "execution.progressed" in kinds(running))

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        ended = cursor.fetchone()[0]
    wait_until(lambda: fresh(running).is_over)
    afterwards = start_again(actor)
    wait_until(lambda: fresh(afterwards).is_over)

    assert ended >= 4
    assert (fresh(running).state, fresh(running).attempt) == ("succeeded", 1)
    assert fresh(afterwards).state == "succeeded"
    assert [data["fraction"] for data in data_of(running, "execution.progressed")] == [0.1, 0.9]


def _jobs_left() -> bool:
    return ProcrastinateJob.objects.exclude(status="failed").exists()
