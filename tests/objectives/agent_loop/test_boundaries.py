"""A worker that dies at any moment between two of its writes: the log ends up the same, to the event.

Dying is a statement that is not sent any more: what the attempt had begun is rolled back, what it had
committed stays, and nothing else of it is left, as after a SIGKILL. Real ones are in `test_kills`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from executions.models import RunHead
from executions.runs.verbs import heal
from executions.runs.worker.context import Bench
from objectives import tasks
from objectives.actions.supplied_results import supply_content
from objectives.ids import Prefix, spell
from objectives.lifecycles.objectives import CHILD_ENDED, STOP_BELOW
from objectives.models import ExecutionStatus, Objective, ToolCall
from objectives.tool_results.outcome import Text
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.tool_server import ToolServer
from tests.objectives.agent_loop.working import (
    bare_tool,
    calls_of,
    fresh,
    http_tool,
    prompt_with,
    said,
    start,
    types,
    work,
)
from tests.objectives.runs import make_published_agent

pytestmark = pytest.mark.django_db

TASKS: dict[str, Callable[[str], None]] = {CHILD_ENDED: tasks.child_ended, STOP_BELOW: tasks.stop_below}
ROUNDS = 40
ORDER = {"arguments": {"order": "1"}}


class Died(BaseException):
    """As SIGKILL does, it runs through everything that catches exceptions."""


@contextmanager
def dying_at(write: int) -> Iterator[list[int]]:
    """Die before the write of that number, counting from 1; yields how many there were."""
    seen = [0]

    def watch(execute: Any, sql: Any, *rest: Any) -> Any:
        # Each of a worker's writes begins by reading its head under the lease.
        if "lease_until > clock_timestamp()" in str(sql) and "FOR NO KEY UPDATE" in str(sql):
            seen[0] += 1
            if seen[0] == write:
                raise Died
        return execute(sql, *rest)

    with connection.execute_wrapper(watch):
        yield seen


class World:
    """Everything that happens to one objective and what it starts, one attempt after the other."""

    def __init__(self, actor: Actor, bench: Bench, tools: ToolServer) -> None:
        self._actor = actor
        self._bench = bench
        clerk = make_published_agent(actor, system_prompt_template=prompt_with([{"answer": "Counted."}]))
        clerk.name = "clerk"
        clerk.save(update_fields=["name"])
        found, sent = http_tool(actor, tools.url, "found"), http_tool(actor, tools.url, "sent")
        script = [
            {"say": "I begin."},
            {"tools": [{"tool": "found", **ORDER}, {"tool": "sent", **ORDER}, {"tool": "ask", **ORDER}]},
            {"tool": "clerk", "arguments": {"task": "Count."}},
            {"tool": "found", **ORDER},
            {"tool": "sent", **ORDER},
            {"answer": "{results[0]} {results[2]} {last_result}"},
        ]
        self.objective = start(actor, found, sent, bare_tool(actor), clerk, script=script)

    def play(self, *, die_at: int = 0) -> int:
        """Go on until it waits for a message, one attempt dying; how many writes there were until then."""
        with dying_at(die_at) as writes:
            for _ in range(ROUNDS):
                self._take_up()
                self._answer()
                self._do_jobs()
                if fresh(self.objective).idle_since is not None:
                    return writes[0]
        raise AssertionError(f"It did not come to its end: {types(self.objective)}")

    def _take_up(self) -> None:
        mine = RunHead.objects.filter(space_id=self._actor.space.id, kind="objective")
        for head in mine.filter(state="queued"):
            RunHead.objects.filter(pk=head.pk).update(available_at=timezone.now())
            try:
                work(Objective.objects.get(pk=head.run_id), self._bench)
            except Died:
                late = timezone.now() - timedelta(seconds=1)
                RunHead.objects.filter(pk=head.pk).update(lease_until=late)
                heal("objective", head.run_id, now=timezone.now())

    def _answer(self) -> None:
        waiting = ToolCall.objects.filter(
            objective=self.objective, execution=ExecutionStatus.WAITING_FOR_CONTENT
        ).first()
        if waiting is not None and fresh(self.objective).state == "waiting":
            supply_content(
                access=self._actor.access,
                objective_id=self.objective.id,
                call_id=waiting.id,
                drafts=[Text("blue")],
                now=timezone.now(),
            )

    def _do_jobs(self) -> None:
        for job in ProcrastinateJob.objects.filter(task_name__in=TASKS, status="todo"):
            TASKS[job.task_name](job.args["row_id"])
            connection.cursor().execute("DELETE FROM procrastinate_jobs WHERE id = %s", [job.pk])


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def test_the_log_is_the_same_wherever_the_worker_died(actor: Actor, bench: Bench, tools: ToolServer):
    undisturbed = World(actor, bench, tools)
    writes = undisturbed.play()
    wanted = sorted(types(undisturbed.objective)), said(undisturbed.objective)

    for die_at in range(1, writes + 1):
        disturbed = World(make_actor(), bench, tools)
        disturbed.play(die_at=die_at)

        assert (sorted(types(disturbed.objective)), said(disturbed.objective)) == wanted, f"at {die_at}"
        assert types(disturbed.objective)[-2:] == ["assistantMessage", "WAITING"]
        ids = [spell(Prefix.TOOL_CALL, call.id) for call in calls_of(disturbed.objective)[:2]]
        # A call whose result was not written yet is made again: once more at most, and under the same id.
        assert all(tools.begun[call_id] <= 2 for call_id in ids)
        assert sum(tools.begun[call_id] for call_id in ids) <= 4
    assert writes > 12


def test_a_response_is_kept_although_what_follows_from_it_cannot_be_written(actor: Actor, bench: Bench):
    objective = start(actor, bare_tool(actor), script=[{"tool": "ask", **ORDER}])
    objective.plan["offered"][0]["content_seconds"] = "soon"  # as no configuration can say it
    objective.save(update_fields=["plan"])

    objective = work(objective, bench)

    (call,) = calls_of(objective)
    assert (objective.turn, objective.asked_at, objective.lost_worker_count) == (1, None, 1)
    assert call.execution == ExecutionStatus.PENDING
    assert types(objective)[-1] == "assistantMessage"
    assert RunHead.objects.get(pk=objective.pk).state == "queued"
