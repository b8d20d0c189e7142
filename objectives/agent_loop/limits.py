"""What stops an objective's work although nothing went wrong: limits and budgets."""

from collections.abc import Iterator
from decimal import Decimal

from executions.inference.tool_names import FINAL_ANSWER
from executions.runs.usage import tree_usage
from objectives.models import CallKind, ErrorType, FinishReason, Objective, Step, ToolCall
from objectives.planning.plan import Plan

MOST_CUT_OFF = 3  # answers in a row that may be cut off before the work is given up
MOST_REPAIRS = 4  # final answers that may be refused before the work is given up

type Reached = tuple[ErrorType, str]


def limit_of_calls(objective: Objective, plan: Plan) -> Reached | None:
    """Which limit the calls that the model has asked for are beyond; None while they are within."""
    most = plan.max_tool_calls
    if most is not None and objective.tool_call_count > most:
        return ErrorType.TOOL_CALL_LIMIT, f"More than {most} tool calls were asked for."
    most = plan.max_sub_objectives
    if most is not None and _sub_objectives(objective) > most:
        return ErrorType.SUB_OBJECTIVE_LIMIT, f"More than {most} sub-agents were asked for."
    return None


def limit_of_requests(objective: Objective, plan: Plan, newest: Step | None) -> Reached | None:
    """What forbids to ask the model once more, `newest` being its last response; None where nothing does."""
    if objective.turn >= plan.max_turns:
        return ErrorType.ITERATION_LIMIT, f"The model was asked {plan.max_turns} times."
    if objective.tool_call_count > MOST_REPAIRS and _refused_answers(objective) > MOST_REPAIRS:
        return ErrorType.MODEL_ERROR, "The model's answer does not match what its agent is for."
    if newest is not None and newest.finish_reason == FinishReason.LENGTH and _are_cut_off(objective):
        return ErrorType.MODEL_ERROR, f"The model's response was cut off {MOST_CUT_OFF} times in a row."
    return spent_budget(objective)


def spent_budget(objective: Objective) -> Reached | None:
    """Whether the budget of an objective, or of one that it works for, is used up by what it covers."""
    for bearer in _with_callers(objective):
        budget = bearer.cost_budget_usd
        if budget is not None and _is_spent(bearer, budget):
            whose = "The budget" if bearer.pk == objective.pk else "The budget of the calling objective"
            return ErrorType.BUDGET_EXCEEDED, f"{whose} of {_dollars(budget)} US dollars is spent."
    return None


def has_budget(objective: Objective) -> bool:
    """Whether somebody wants to know beforehand what a request costs."""
    return any(bearer.cost_budget_usd is not None for bearer in _with_callers(objective))


def _is_spent(bearer: Objective, budget: Decimal) -> bool:
    # A budget of nothing allows what costs nothing, the demo model's work say.
    spent = tree_usage(bearer.pk).cost_usd
    return spent > 0 and spent >= budget


def _with_callers(objective: Objective) -> Iterator[Objective]:
    """The objective and those that it works for, up to the first; of them only what budgets need."""
    yield objective
    while objective.parent_id is not None:
        objective = Objective.objects.only("id", "parent_id", "cost_budget_usd").get(pk=objective.parent_id)
        yield objective


def _refused_answers(objective: Objective) -> int:
    """How often the model has ended the work with an answer of another form."""
    return ToolCall.objects.filter(objective=objective, called_as=FINAL_ANSWER, kind=CallKind.UNKNOWN).count()


def _are_cut_off(objective: Objective) -> bool:
    """Whether the newest answers all were, since a person said something last."""
    newest = objective.messages.order_by("-after_turn").values_list("after_turn", flat=True).first() or 0
    steps = Step.objects.filter(objective=objective, turn__gt=newest).order_by("-turn").only("finish_reason")
    endings = [step.finish_reason for step in steps[:MOST_CUT_OFF]]
    return len(endings) == MOST_CUT_OFF and all(ending == FinishReason.LENGTH for ending in endings)


def _sub_objectives(objective: Objective) -> int:
    return ToolCall.objects.filter(objective=objective, kind=CallKind.AGENT).count()


def _dollars(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
