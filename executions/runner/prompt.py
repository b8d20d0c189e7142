"""Run a prompt skill: a plain loop between a model and the workspace tools.

Decision: the loop lives inside one leased run and keeps nothing. A run whose worker is lost begins
anew as its next attempt; loops that must survive for days are the objectives' business.
"""

from decimal import Decimal
from typing import Any

from executions.inference import transcript
from executions.inference.choices import (
    DEMO,
    ModelChoice,
    ModelChoiceInvalid,
    ModelUnknown,
    find_choice,
)
from executions.inference.errors import ModelRefused, ModelStopped, ModelUnavailable
from executions.inference.interface import (
    DemoSettings,
    Json,
    Message,
    ModelReply,
    ModelRequest,
    Spending,
    ToolRequest,
)
from executions.inference.prices import is_priced
from executions.inference.respond import respond
from executions.runner import prompt_texts
from executions.runner.outcomes import RunFailed
from executions.runner.recordable import recordable
from executions.runner.run import Run
from executions.runner.workspace_tools import call_tool, offered_tools
from executions.worker.stopping import RunStopped

MAX_ITERATIONS = 20  # model requests of one run
MAX_REPAIRS = 2
MODEL_ATTEMPTS = 4
FIRST_BACKOFF_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 30.0


def run_prompt(run: Run) -> dict[str, Any]:
    """The skill's outputs, valid by its schema; raises RunFailed or RunStopped.

    Failure reasons: `model_error`, `invalid_outputs`, `timeout`, `budget_exceeded`,
    `not_permitted`, `sandbox_error`, and `skill_error` when the work takes too many requests.
    """
    return _Conversation(run).outputs()


class _Conversation:
    """The messages so far, and what they have cost."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.choice = _choice(run)
        opening = prompt_texts.first_message(run.inputs, run.materials)
        self.messages: list[Message] = [transcript.user_message(opening)]
        values = {"inputs": run.inputs, "materials": list(run.materials)}
        self.demo = DemoSettings(run.manifest.demo, values)
        self.repairs = 0

    def outputs(self) -> dict[str, Any]:
        for iteration in range(MAX_ITERATIONS):
            self._require_budget()
            self.run.recorder.iteration()
            reply = self._reply(iteration)
            self.messages.append(reply.raw)
            outputs = self._advance(reply)
            if outputs is not None:
                return outputs
        raise RunFailed("skill_error", f"no answer after {MAX_ITERATIONS} model requests")

    def _reply(self, iteration: int) -> ModelReply:
        """The model's next response, asking again while it is only unavailable."""
        for attempt in range(1, MODEL_ATTEMPTS + 1):
            self._require_time()
            try:
                reply = respond(self._request(iteration), on_text=self.run.recorder.text, stop=self.run.stop)
            except ModelStopped as stopped:
                self._record(stopped.spending)
                raise RunStopped(self.run.stop.reason or "cancelled") from None
            except ModelRefused as refused:
                self._record(refused.spending)
                raise RunFailed("model_error", refused.message) from None
            except ModelUnavailable as unavailable:
                self._record(unavailable.spending)
                self._require_time()
                if attempt == MODEL_ATTEMPTS:
                    raise RunFailed("model_error", unavailable.message, attempts=attempt) from None
                self._require_budget()
                self._back_off(attempt, unavailable)
            else:
                self._record(reply.spending)
                return reply
        raise AssertionError("the last attempt returns or raises")

    def _back_off(self, attempt: int, unavailable: ModelUnavailable) -> None:
        if unavailable.spending is not None:
            # Part of an answer was streamed: readers must know that it begins anew.
            self.run.recorder.text("\n[The answer broke off and is asked for again.]\n")
        asked = unavailable.retry_after or 0.0
        pause = max(asked, FIRST_BACKOFF_SECONDS * 2 ** (attempt - 1))
        self.run.stop.wait(min(pause, MAX_BACKOFF_SECONDS, self.run.seconds_left))

    def _request(self, iteration: int) -> ModelRequest:
        run = self.run
        return ModelRequest(
            model=self.choice,
            instructions=prompt_texts.instructions_of(run.manifest),
            messages=self.messages,
            tools=offered_tools(run),
            answer_schema=run.manifest.outputs_schema,
            timeout_seconds=run.seconds_left,
            idempotency_key=f"{run.execution_id}-{run.attempt}-{iteration}",
            demo=self.demo,
            trace={"callboard.execution.id": str(run.execution_id)},
        )

    def _advance(self, reply: ModelReply) -> dict[str, Any] | None:
        """Do what the response asks; the outputs if it ends the work."""
        if reply.finish_reason == "content_filter":
            raise RunFailed("model_error", "the provider withheld the answer (content filter)")
        results = [(call, *self._call(call)) for call in reply.tool_calls]
        self._require_time()
        if reply.answer is None and reply.tool_calls:
            self.messages.append(transcript.tool_message(results))
            return None
        outputs = reply.answer.arguments if reply.answer else prompt_texts.outputs_in(reply.text)
        problem = self._problem(outputs, reply)
        if problem is None:
            return outputs
        self._count_repair(problem)
        if reply.answer:
            results.append((reply.answer, problem, True))
            self.messages.append(transcript.tool_message(results))
        else:
            self.messages.append(transcript.user_message(prompt_texts.ask_for_answer(problem)))
        return None

    def _problem(self, outputs: dict[str, Any] | None, reply: ModelReply) -> str | None:
        if outputs is not None:
            return prompt_texts.problem_with(outputs, self.run.manifest.outputs_schema, name="outputs")
        if reply.finish_reason == "length":
            return "the response reached the limit of its length before it ended; be brief"
        return "the response is not the result as a JSON object"

    def _count_repair(self, problem: str) -> None:
        self.repairs += 1
        if self.repairs > MAX_REPAIRS:
            raise RunFailed("invalid_outputs", f"the model's answer is not valid: {problem}")

    def _call(self, call: ToolRequest) -> tuple[Json, bool]:
        self._require_time()
        recorder = self.run.recorder
        recorder.tool_called(call_id=call.call_id, name=call.name, arguments=recordable(call.arguments or {}))
        result = call_tool(self.run, call)
        recorder.tool_returned(
            call_id=call.call_id, name=call.name, is_error=result.is_error, summary=result.summary
        )
        return result.content, result.is_error

    def _record(self, spending: Spending | None) -> None:
        if spending is not None:
            self.run.recorder.usage(
                model=spending.model,
                input_tokens=spending.usage.input_tokens,
                output_tokens=spending.usage.output_tokens,
                cost_usd=spending.cost_usd or Decimal(0),
            )

    def _require_budget(self) -> None:
        budget, spent = self.run.budget_usd, self.run.recorder.spent_usd
        if budget is None or self.choice.provider == DEMO or spent < budget:
            return
        raise RunFailed(
            "budget_exceeded",
            f"the budget of {budget} USD is spent",
            budget_usd=str(budget),
            spent_usd=str(spent),
        )

    def _require_time(self) -> None:
        self.run.stop.check()
        if self.run.seconds_left <= 0:
            raise RunFailed("timeout", "the time for this run is over")


def _choice(run: Run) -> ModelChoice:
    """The run's model; a budget needs a model whose price is known."""
    try:
        choice = find_choice(run.model)
    except (ModelUnknown, ModelChoiceInvalid) as unusable:
        raise RunFailed("model_error", str(unusable)) from None
    if run.budget_usd is not None and not is_priced(choice):
        raise RunFailed(
            "not_permitted",
            f"a budget is set but {choice.name} has no known price; give it `prices` in MODELS",
        )
    return choice
