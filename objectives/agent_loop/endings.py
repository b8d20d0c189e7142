"""How an attempt ends: with the answer, a failure, waiting for people, or another try."""

from datetime import datetime, timedelta
from typing import Any

from executions.inference.arguments import read_arguments
from executions.inference.tool_names import FINAL_ANSWER
from executions.models import RunHead
from executions.runner.prompt_texts import problem_with
from executions.runs.event_kinds import EventKind
from executions.runs.verbs import backoff, requeue
from objectives.actions.cancellation import end
from objectives.ids import Json
from objectives.lifecycles.objectives import move
from objectives.models import ErrorType, Objective, ObjectiveState, Step

MOST_LOST = 5  # workers in a row without any outcome, be it that a provider was unavailable
FIRST_BACKOFF = timedelta(seconds=1)


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


def finalize(objective: Objective, head: RunHead, output: dict[str, Any], *, now: datetime) -> None:
    """End a locked objective with what it is for."""
    objective.output = output
    end(
        objective,
        head,
        ObjectiveState.FINALIZED,
        kind=EventKind.FINALIZED,
        payload={"output": output},
        now=now,
        also=["output"],
    )


def fail_objective(
    objective: Objective, head: RunHead, error: ErrorType, message: str, *, now: datetime
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


def rest(objective: Objective, head: RunHead, *, is_idle: bool, now: datetime) -> None:
    """Let a locked objective wait for people; the clock of inactivity runs only where it `is_idle`."""
    objective.idle_since = now if is_idle else None
    move(objective, head, ObjectiveState.WAITING, now=now, also=["idle_since"])


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
