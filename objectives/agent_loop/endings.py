"""How the work on an objective ends: with the answer, at a limit, in failure, at rest, or in another try."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from executions.inference.arguments import read_arguments
from executions.inference.tool_names import FINAL_ANSWER
from executions.models import RunHead
from executions.runner.prompt_texts import problem_with
from executions.runs.event_kinds import EventKind
from executions.runs.usage import tree_usage
from executions.runs.verbs import backoff, requeue
from objectives.actions.cancellation import end
from objectives.agent_loop.context import LockedTurn
from objectives.ids import Json
from objectives.lifecycles.objectives import move
from objectives.models import CallKind, ErrorType, FinishReason, Objective, ObjectiveState, Step, ToolCall

MOST_LOST = 5  # workers in a row without any outcome, be it that a provider was unavailable
FIRST_BACKOFF = timedelta(seconds=1)
MOST_CUT_OFF = 3  # answers in a row that may be cut off before the work is given up
MOST_REPAIRS = 4  # final answers that may be refused before the work is given up

type Reached = tuple[ErrorType, str]


def answer_of(step: Step, schema: Json | None) -> dict[str, Any] | None:
    """The output that a stored response ends the objective with; None where it does not.

    One that was cut off ends nothing, whole as its answer may look.
    """
    if schema is None or not step.is_whole:
        return None
    for part in step.response["parts"]:
        if part["part_kind"] == "tool-call" and part["tool_name"] == FINAL_ANSWER:
            answer = _object(part.get("args"))
            return answer if answer is not None and answer_problem(answer, schema) is None else None
    return None


def answer_problem(answer: dict[str, Any] | None, schema: Json) -> str | None:
    """What is wrong with an answer, for the model to read; None where nothing is."""
    if answer is None:
        return "the answer must be a JSON object"
    return problem_with(answer, schema, name="answer")


def _object(arguments: Any) -> dict[str, Any] | None:
    if isinstance(arguments, str):
        try:
            arguments = read_arguments(arguments)
        except ValueError:
            return None
    return arguments if isinstance(arguments, dict) else {} if arguments is None else None


def finalize(turn: LockedTurn, output: dict[str, Any]) -> None:
    """End an objective with what it is for."""
    turn.objective.output = output
    turn.fields.add("output")
    first, also = turn.take()
    end(
        turn.objective,
        turn.head,
        ObjectiveState.FINALIZED,
        kind=EventKind.FINALIZED,
        payload={"output": output},
        now=turn.now,
        first=first,
        also=also,
    )


def fail_objective(
    objective: Objective,
    head: RunHead,
    error: ErrorType,
    message: str,
    *,
    now: datetime,
) -> None:
    """End a locked objective without a result; the message is for people and names no secret."""
    objective.error_type = error
    end(
        objective,
        head,
        ObjectiveState.FAILED,
        kind=EventKind.FAILED,
        payload={"error_type": error.value, "message": message},
        now=now,
        also=["error_type", "failures", "lost_worker_count", "ask_not_before"],
    )


def fail_turn(turn: LockedTurn, error: ErrorType, message: str) -> None:
    """The same at the end of a step."""
    turn.write()
    fail_objective(turn.objective, turn.head, error, message, now=turn.now)


def rest(turn: LockedTurn, *, is_idle: bool) -> None:
    """Let an objective wait for people; the clock of inactivity runs only where it `is_idle`."""
    turn.objective.idle_since = turn.now if is_idle else None
    turn.fields.add("idle_since")
    first, also = turn.take()
    move(turn.objective, turn.head, ObjectiveState.WAITING, now=turn.now, first=first, also=also)


def try_again(objective: Objective, head: RunHead, message: str, *, now: datetime) -> None:
    """Put a locked objective, whose worker is lost to it, back into the queue; the fifth time it has failed.

    It waits 1 s, 2 s, 4 s, 8 s.
    """
    objective.lost_worker_count += 1
    if objective.lost_worker_count >= MOST_LOST:
        fail_objective(objective, head, ErrorType.WORKER_LOST, message, now=now)
        return
    requeue(head, backoff(objective.lost_worker_count, first=FIRST_BACKOFF))
    if objective.provider_unavailable_since is not None:
        objective.next_try_at = head.available_at
    objective.save(update_fields=["lost_worker_count", "next_try_at"])


def limit_of_calls(turn: LockedTurn) -> Reached | None:
    """Which limit the calls that the model has asked for are beyond; None while they are within."""
    objective, plan = turn.objective, turn.plan
    most = plan.max_tool_calls
    if most is not None and objective.tool_call_count > most:
        return ErrorType.TOOL_CALL_LIMIT, f"More than {most} tool calls were asked for."
    most = plan.max_sub_objectives
    if most is not None and _sub_objectives(objective) > most:
        return ErrorType.SUB_OBJECTIVE_LIMIT, f"More than {most} sub-agents were asked for."
    return None


def limit_of_requests(turn: LockedTurn, newest: Step | None) -> Reached | None:
    """What forbids to ask the model once more, `newest` being its last response; None where nothing does."""
    objective, plan = turn.objective, turn.plan
    if objective.turn >= plan.max_turns:
        return ErrorType.ITERATION_LIMIT, f"The model was asked {plan.max_turns} times."
    if objective.tool_call_count > MOST_REPAIRS and _refused_answers(objective) > MOST_REPAIRS:
        return ErrorType.MODEL_ERROR, "The model's answer does not match what its agent is for."
    if newest is not None and newest.finish_reason == FinishReason.LENGTH and _are_cut_off(objective):
        return ErrorType.MODEL_ERROR, f"The model's response was cut off {MOST_CUT_OFF} times in a row."
    return spent_budget(turn)


def spent_budget(turn: LockedTurn) -> Reached | None:
    """Whether the budget of an objective, or of one that it works for, is used up by what it covers."""
    for bearer in _with_callers(turn.objective):
        budget = bearer.cost_budget_usd
        if budget is None:
            continue
        turn.save()  # what this step charges is summed up from the row
        if _is_spent(bearer, budget):
            whose = "The budget" if bearer.pk == turn.objective.pk else "The budget of the calling objective"
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
