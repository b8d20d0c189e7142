"""What a run used with all below it: sub-agents, skills, what those call, and what lies beside their rows."""

from decimal import Decimal

import pytest

from executions.actions.leased import Usage, record_late_usage
from executions.actions.sub_executions import start_sub_execution
from executions.models import SkillExecution
from executions.runs.usage import TreeUsage, tree_usage
from objectives.models import ApprovalStatus, BrokenRequest, CallKind, Objective
from tests.executions.api.speaking import make_execution, run
from tests.factories import NOW, Actor, make_actor, make_skill
from tests.objectives.factories import make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def called(actor: Actor) -> tuple[SkillExecution, SkillExecution]:
    """An execution and the one that it calls, which have used 1 and 2 dollars, and a late 4 of the latter."""
    make_skill(skills="[echo]")
    lease = run(make_execution(actor))
    child = start_sub_execution(
        lease=lease, call_key="one", slug="echo", inputs={"text": "x"}, files=[], now=NOW
    )
    for run_id, cost in ((lease.run_id, 1), (child.id, 2)):
        SkillExecution.objects.filter(pk=run_id).update(input_tokens=cost, cost_usd=cost, iteration_count=1)
    late = Usage(model=None, input_tokens=4, output_tokens=0, cost_usd=Decimal(4))
    record_late_usage(execution_id=child.id, usages=[late], now=NOW)
    return SkillExecution.objects.get(pk=lease.run_id), SkillExecution.objects.get(pk=child.id)


def test_an_execution_counts_what_it_called_and_what_came_late(actor: Actor) -> None:
    execution, child = called(actor)

    assert tree_usage(execution.id) == TreeUsage(7, 0, Decimal(7), 2, Decimal(2))
    assert tree_usage(child.id) == TreeUsage(6, 0, Decimal(6), 1, Decimal(0))


def test_an_objective_counts_its_sub_agents_its_skills_and_what_broke_off(actor: Actor) -> None:
    execution, _ = called(actor)
    tool_set = make_tool_set(space=actor.space, created_by=actor.principal)
    agent = make_published_agent(actor, make_tool(tool_set=tool_set, name="find"))
    parent, child = begin_objective(actor, agent), begin_objective(actor, agent)
    Objective.objects.filter(pk=child.pk).update(parent=parent, cost_usd=8, turn=1)
    Objective.objects.filter(pk=parent.pk).update(cost_usd=16)
    call = ask_for(child, "find", approval=ApprovalStatus.AUTO_APPROVED)
    call.kind, call.run_id = CallKind.SKILL, execution.id
    call.save(update_fields=["kind", "run_id"])
    for cost in (32, None):
        BrokenRequest.objects.create(
            objective=child, turn=1, model_name="m", cost_usd=cost, price_version="", created_at=NOW
        )

    used = tree_usage(parent.id)

    assert (used.input_tokens, used.cost_usd, used.iteration_count) == (7, Decimal(7 + 8 + 16 + 32), 3)
    assert used.below_usd == Decimal(1 + 2 + 8)
    assert tree_usage(child.id).cost_usd == Decimal(7 + 8 + 32)
