"""Workers that are killed again and again under several objectives at once."""

import time
from collections.abc import Iterator

import pytest

from executions.models import RunHead, SkillExecution
from objectives.ids import Prefix, spell
from objectives.models import ExecutionStatus, Objective, ToolCall
from tests.executions.runs.worker.processes import wait_until
from tests.factories import Actor, make_actor, make_skill
from tests.objectives.agent_loop.killing import NewWorker, expire
from tests.objectives.agent_loop.tool_server import ToolServer
from tests.objectives.agent_loop.working import fresh, http_tool, prompt_with, said, start, types
from tests.objectives.runs import make_published_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor() -> Actor:
    return make_actor()


@pytest.fixture(autouse=True)
def _nothing_else_to_do(committed: None) -> Iterator[None]:
    yield
    RunHead.objects.exclude(state="ended").update(
        state="ended", lease_owner=None, lease_until=None, available_at=None
    )


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
        running = ToolCall.objects.filter(execution=ExecutionStatus.RUNNING, run_id=None)
        in_flight |= {spell(Prefix.TOOL_CALL, call_id) for call_id in running.values_list("id", flat=True)}
        expire(*Objective.objects.filter(state="running"))
    with new_worker():
        done = {"waiting", "failed"}
        wait_until(lambda: all(fresh(one).state in done for one in objectives), timeout=200)

    ends = {tuple(said(one)) for one in objectives}
    assert [end[-1].count("hallo") + end[-1].count("Counted.") for end in ends] == [2]
    assert {tuple(sorted(types(one))) for one in objectives} == {tuple(sorted(types(objectives[0])))}
    assert types(objectives[0]).count("toolResult") == 5
    assert len(tools.begun) == 3 * len(objectives)
    assert all(tools.begun[call_id] == 1 for call_id in tools.begun if call_id not in in_flight)
    assert SkillExecution.objects.filter(space=actor.space).count() == len(objectives)
    assert Objective.objects.filter(parent__in=objectives).count() == len(objectives)
