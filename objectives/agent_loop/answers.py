"""The final answer in a model's response: whether there is one, and whether it is as its agent promises."""

from typing import Any

from executions.inference.arguments import read_arguments
from executions.inference.tool_names import FINAL_ANSWER
from executions.runner.prompt_texts import problem_with
from objectives.ids import Json
from objectives.models import Step


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
