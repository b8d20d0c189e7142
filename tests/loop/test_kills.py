"""Workers that are killed while they work: nothing is lost, and nothing that was done is repeated."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.utils import timezone

from executions.models import RunEvent, RunHead, SkillExecution
from objectives.events import Kind
from objectives.models import BrokenRequest, Execution, Objective, ToolCall
from objectives.spelling import Prefix, spell
from tests.factories import Actor, make_actor, make_skill
from tests.loop.tool_server import ToolServer
from tests.loop.working import calls_of, fresh, head_of, http_tool, prompt_with, said, start, types
from tests.objectives.runs import make_published_agent
from tests.worker.processes import Worker, wait_until

pytestmark = pytest.mark.django_db

type NewWorker = Callable[..., AbstractContextManager[Worker]]


@pytest.fixture
def actor() -> Actor:
    return make_actor()


@pytest.fixture(autouse=True)
def _nothing_else_to_do(committed: None) -> Iterator[None]:
    yield
    RunHead.objects.exclude(state="ended").update(
        state="ended", lease_owner=None, lease_until=None, available_at=None
    )


def expire(*objectives: Objective) -> None:
    """As if the killed worker's leases were over: nobody has to wait for them."""
    ids = [objective.id for objective in objectives]
    running = RunHead.objects.filter(run_id__in=ids, state="running")
    running.update(lease_until=timezone.now() - timedelta(seconds=1))


def kill_when(new_worker: NewWorker, objective: Objective, check: Callable[[], object]) -> None:
    """Work on an objective until `check()` holds, and kill the worker there."""
    with new_worker() as working:
        wait_until(check, timeout=20)
        working.kill()
    expire(objective)


def go_on(new_worker: NewWorker, objective: Objective) -> Objective:
    """The objective once another worker has brought it to rest."""
    with new_worker():
        wait_until(lambda: fresh(objective).state in {"waiting", "failed"}, timeout=30)
    return fresh(objective)


def has_said(objective: Objective, text: str) -> bool:
    rows = RunEvent.objects.filter(run_id=objective.id, kind=Kind.TEXT)
    return text in "".join(row.data["text"] for row in rows)


def test_a_worker_killed_while_the_model_answers_loses_nothing(actor: Actor, new_worker: NewWorker):
    objective = start(actor, script=[{"say": "Let me see. "}, {"sleep": 2}, {"answer": "Done."}])

    kill_when(new_worker, objective, lambda: has_said(objective, "Let me see"))
    objective = go_on(new_worker, objective)

    assert said(objective) == ["Let me see. Done."]
    assert types(objective)[2:] == ["RUNNING", "assistantMessage", "WAITING"]
    restarted = RunEvent.objects.get(run_id=objective.id, kind=Kind.RESTARTED)
    assert restarted.data == {"turn": 0, "attempt": 2}
    broken = BrokenRequest.objects.get(objective=objective)
    assert (broken.turn, broken.is_estimated, broken.output_tokens > 0) == (0, True, True)


def test_a_worker_killed_while_a_safe_tool_works_repeats_that_call_alone(
    actor: Actor, tools: ToolServer, new_worker: NewWorker
):
    first, second = http_tool(actor, tools.url, "first"), http_tool(actor, tools.url, "second")
    script = [
        {"tool": "first", "arguments": {"order": "1"}},
        {"tool": "second", "arguments": {"order": "2"}},
        {"answer": "{results[0]} {results[1]}"},
    ]
    tools.holding = {"/second"}
    objective = start(actor, first, second, script=script)

    kill_when(new_worker, objective, lambda: len(tools.begun) == 2)
    tools.released.set()
    objective = go_on(new_worker, objective)

    ids = [spell(Prefix.TOOL_CALL, call.id) for call in calls_of(objective)]
    assert [tools.begun[call_id] for call_id in ids] == [1, 2]
    assert types(objective)[2:] == [
        *["RUNNING", "assistantMessage", "toolCalled", "toolResult"],
        *["assistantMessage", "toolCalled", "toolResult", "assistantMessage", "WAITING"],
    ]


def test_a_call_that_must_not_be_repeated_ends_unknown_and_the_model_is_told(
    actor: Actor, tools: ToolServer, new_worker: NewWorker
):
    tools.holding = {"/buy"}
    script = [{"tool": "buy", "arguments": {"order": "1"}}, {"answer": "{last_result.error}"}]
    objective = start(actor, http_tool(actor, tools.url, "buy", "POST"), script=script)

    kill_when(new_worker, objective, lambda: tools.at_once == 1)
    tools.released.set()
    objective = go_on(new_worker, objective)

    call = calls_of(objective)[0]
    assert (call.execution, call.error_type) == ("errored", "outcome_unknown")
    assert tools.begun.total() == 1
    assert "cut off" in said(objective)[-1]
    assert types(objective)[4:6] == ["toolCalled", "toolError"]


def test_a_worker_that_ends_hands_back_and_another_goes_on(actor: Actor, new_worker: NewWorker):
    objective = start(actor, script=[{"say": "Slowly. "}, {"sleep": 3}, {"answer": "Done."}])
    with new_worker("--grace", "0") as ending:
        wait_until(lambda: has_said(objective, "Slowly"), timeout=20)
        assert ending.stop(timeout=20) == 0

    assert head_of(objective).state == "queued"
    assert said(go_on(new_worker, objective)) == ["Slowly. Done."]


@pytest.mark.timeout(300)  # three workers one after the other, and the backoffs of what they left
def test_killed_again_and_again_every_objective_ends_as_if_nothing_had_happened(
    actor: Actor, tools: ToolServer, new_worker: NewWorker
):
    make_skill(tenant=actor.tenant, slug="echo", max_attempts=5)
    clerk = make_published_agent(actor, system_prompt_template=prompt_with([{"answer": "Counted."}]))
    clerk.name = "clerk"
    clerk.save(update_fields=["name"])
    find = http_tool(actor, tools.url)
    order = {"tool": "find", "arguments": {"order": "1"}}
    objectives = [
        start(
            actor,
            find,
            clerk,
            labels={"callboard/skill.echo": "auto"},
            script=[
                {"say": "I begin. "},
                {"sleep": 0.4 * number},
                {"tools": [order, order]},
                {"sleep": 0.7},
                {"tool": "echo", "arguments": {"text": "hallo"}},
                {"sleep": 0.7},
                {"tools": [{"tool": "clerk", "arguments": {"task": "Count."}}, order]},
                {"answer": "{results[2]} {results[3]}"},
            ],
        )
        for number in range(6)
    ]
    in_flight: set[str] = set()
    for seconds in (2.0, 3.0):
        with new_worker() as working:
            time.sleep(seconds)
            working.kill()
        running = ToolCall.objects.filter(execution=Execution.RUNNING, run_id=None)
        in_flight |= {spell(Prefix.TOOL_CALL, call_id) for call_id in running.values_list("id", flat=True)}
        expire(*Objective.objects.filter(state="running"))
    with new_worker():
        done = {"waiting", "failed"}
        wait_until(lambda: all(fresh(one).state in done for one in objectives), timeout=90)

    ends = {tuple(said(one)) for one in objectives}
    assert [end[-1].count("hallo") + end[-1].count("Counted.") for end in ends] == [2]
    assert {tuple(sorted(types(one))) for one in objectives} == {tuple(sorted(types(objectives[0])))}
    assert types(objectives[0]).count("toolResult") == 5
    assert len(tools.begun) == 3 * len(objectives)
    assert all(tools.begun[call_id] == 1 for call_id in tools.begun if call_id not in in_flight)
    assert SkillExecution.objects.filter(space=actor.space).count() == len(objectives)
    assert Objective.objects.filter(parent__in=objectives).count() == len(objectives)
