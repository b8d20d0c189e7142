"""What came of a wait is kept once, and by itself where something beside it cannot be written."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from django.db import OperationalError, transaction

from executions.runs.worker.context import Bench
from objectives.agent_loop import call_wait, context
from objectives.agent_loop.call_wait import ToolCallExecutor
from objectives.agent_loop.context import LockedTurn
from objectives.models import BrokenRequest, Objective, ToolCall
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.test_judging import judged
from tests.objectives.agent_loop.tool_server import ToolServer
from tests.objectives.agent_loop.working import calls_of, fresh, http_tool, start, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def lose_an_answer(monkeypatch: pytest.MonkeyPatch, objective: Objective, state: str) -> list[str]:
    """The answer to the first commit that leaves the objective in this state does not arrive."""
    lost: list[str] = []

    @contextmanager
    def atomic() -> Iterator[None]:
        with transaction.atomic():
            yield
        if not lost and fresh(objective).state == state:
            lost.append(state)
            raise OperationalError("the answer to the commit was lost")

    monkeypatch.setattr(context, "transaction", SimpleNamespace(atomic=atomic))
    return lost


def test_a_judgement_is_charged_once_also_where_the_answer_to_its_commit_was_lost(
    actor: Actor, bench: Bench, tools: ToolServer, monkeypatch: pytest.MonkeyPatch
):
    plain = work(judged(actor, http_tool(actor, tools.url), [0.79, 1]), bench)
    objective = judged(actor, http_tool(actor, tools.url), [0.79, 1])
    lost = lose_an_answer(monkeypatch, objective, "waiting")

    work(objective, bench)

    assert lost == ["waiting"]
    (call,) = calls_of(objective)
    assert call.decision_scores is not None
    assert not BrokenRequest.objects.exists()
    assert fresh(objective).input_tokens == plain.input_tokens


def test_one_result_that_cannot_be_written_costs_no_other(
    actor: Actor, bench: Bench, tools: ToolServer, monkeypatch: pytest.MonkeyPatch
):
    found = http_tool(actor, tools.url, "found", method="POST")
    other = http_tool(actor, tools.url, "find")
    both = [{"tool": tool, "arguments": {"order": "1"}} for tool in ("found", "find")]
    objective = start(actor, found, other, script=[{"tools": both}, {"answer": "Done."}])
    keep = call_wait._keep_found

    def broken(turn: LockedTurn, *, call: ToolCall, found: call_wait.Found) -> None:
        if call.called_as == "find":
            raise ValueError("it cannot be written")
        keep(turn, call=call, found=found)

    wait = ToolCallExecutor.wait

    async def wait_for_both(hands: ToolCallExecutor, seconds: float) -> None:
        await asyncio.wait(hands._going_on)
        await wait(hands, seconds)

    monkeypatch.setattr(ToolCallExecutor, "wait", wait_for_both)
    monkeypatch.setattr(call_wait, "_keep_found", broken)

    work(objective, bench)

    assert [call.execution for call in calls_of(objective)] == ["completed", "running"]
