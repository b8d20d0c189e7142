"""Workers that are killed while they work: nothing is lost, and nothing that was done is repeated."""

from collections.abc import Iterator

import pytest

from executions.models import RunEvent, RunHead
from executions.runs.event_kinds import EventKind
from objectives.ids import Prefix, spell
from objectives.lifecycles.calls import CUT_OFF
from objectives.models import BrokenRequest
from tests.executions.runs.worker.processes import wait_until
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.killing import NewWorker, go_on, has_said, kill_when
from tests.objectives.agent_loop.tool_server import ToolServer
from tests.objectives.agent_loop.working import calls_of, head_of, http_tool, said, start, types

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


def test_a_worker_killed_while_the_model_answers_loses_nothing(actor: Actor, new_worker: NewWorker):
    objective = start(actor, script=[{"say": "Let me see. "}, {"sleep": 5}, {"answer": "Done."}])

    kill_when(new_worker, objective, lambda: has_said(objective, "Let me see"))
    objective = go_on(new_worker, objective)

    assert said(objective) == ["Let me see. Done."]
    assert types(objective)[2:] == ["RUNNING", "assistantMessage", "WAITING"]
    restarted = RunEvent.objects.get(run_id=objective.id, kind=EventKind.RESTARTED)
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
    assert (call.execution, call.error_type, call.error_message) == ("errored", "outcome_unknown", CUT_OFF)
    assert tools.begun.total() == 1
    assert "interrupted" in said(objective)[-1]
    assert types(objective)[4:6] == ["toolCalled", "toolError"]


def test_a_worker_that_ends_hands_back_and_another_goes_on(actor: Actor, new_worker: NewWorker):
    objective = start(actor, script=[{"say": "Slowly. "}, {"sleep": 5}, {"answer": "Done."}])
    with new_worker("--grace", "0") as ending:
        wait_until(lambda: has_said(objective, "Slowly"))
        assert ending.stop() == 0

    assert head_of(objective).state == "queued"
    assert said(go_on(new_worker, objective)) == ["Slowly. Done."]
