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
from executions.inference.errors import (
    ModelRefused,
    ModelSilent,
    ModelStopped,
    ModelTooLong,
    ModelUnavailable,
)
from executions.inference.interface import (
    DemoSettings,
    Json,
    Message,
    ModelReply,
    ModelRequest,
    Spending,
    ToolRequest,
)
from executions.inference.model_request import respond
from executions.inference.prices import is_priced
from executions.inference.response_repair import CUT_SHORT, SEND_AGAIN
from executions.inference.token_usage import tokens_in, weight
from executions.inference.truncation import ESTIMATE_MARGIN, clear_results, fit_results
from executions.runner import prompt_texts
from executions.runner.outcomes import RunFailed
from executions.runner.run import LeasedRun
from executions.runner.skill_files import skill_files
from executions.runner.workspace_tools import call_tool, offered_tools
from executions.runs.worker.stop_signal import RunStopped

MAX_ITERATIONS = 20  # model requests of one run
MAX_REPAIRS = 2
PRESERVED = 2  # newest results that stay where a conversation is shortened
MODEL_ATTEMPTS = 4
CUT_SHORT_PROBLEM = "the response reached the limit of its length before it ended; be brief"
FIRST_BACKOFF_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 30.0


def run_prompt(run: LeasedRun) -> dict[str, Any]:
    """The skill's outputs, valid by its schema; raises RunFailed or RunStopped.

    Failure reasons: `model_error`, `invalid_outputs`, `timeout`, `budget_exceeded`,
    `not_permitted`, `sandbox_error`, and `skill_error` when the work takes too many requests.
    """
    return _Conversation(run).outputs()


class _Conversation:
    """The messages so far, and what they have cost."""

    def __init__(self, run: LeasedRun) -> None:
        self.run = run
        self.choice = _choice(run)
        opening = prompt_texts.first_message(run.inputs, run.materials)
        self.messages: list[Message] = [transcript.user_message(opening)]
        values = {"inputs": run.inputs, "materials": list(run.materials)}
        self.demo = DemoSettings(run.manifest.demo, values)
        self.instructions = prompt_texts.instructions_of(run.manifest, skill_files(run.bundle))
        self.repairs = 0
        self.is_shortened = False
        self.silences = 0  # answers in a row that held neither text nor calls

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
            except ModelSilent as silent:
                self._record(silent.spending)
                self._count_silence(silent)
            except ModelTooLong as too_long:
                self._shorten(too_long)
            except ModelRefused as refused:
                self._record(refused.spending)
                raise RunFailed("model_error", refused.message, may_pass=False) from None
            except ModelUnavailable as unavailable:
                self._record(unavailable.spending)
                self._require_time()
                asked = unavailable.retry_after or 0.0
                # Whoever may not be asked in time is not waited for in a slot.
                if attempt == MODEL_ATTEMPTS or asked >= self.run.seconds_left:
                    raise RunFailed(
                        "model_error", unavailable.message, attempts=attempt, retry_after=asked
                    ) from None
                self._require_budget()
                self._back_off(attempt, unavailable)
            else:
                self._record(reply.spending)
                self.silences = 0
                return reply
        raise RunFailed("model_error", f"no answer after {MODEL_ATTEMPTS} requests")

    def _count_silence(self, silent: ModelSilent) -> None:
        """An empty answer is asked for once more."""
        self.silences += 1
        if self.silences > 1:
            raise RunFailed("model_error", f"{silent.message}, twice in a row")
        self._require_budget()

    def _shorten(self, too_long: ModelTooLong) -> None:
        """Leave out what has been read before, once; the newest results keep head and tail."""
        if self.is_shortened:
            raise RunFailed("model_error", too_long.message)
        self.is_shortened = True
        room = round(tokens_in(weight(self.messages)) * too_long.share * ESTIMATE_MARGIN)
        cleared, _ = clear_results(self.messages, PRESERVED)
        self.messages = fit_results(cleared, room)

    def _back_off(self, attempt: int, unavailable: ModelUnavailable) -> None:
        if unavailable.spending is not None:
            # Part of an answer was streamed: readers must know that it begins anew.
            self.run.recorder.text("\n[The answer broke off and is asked for again.]\n")
        pause = min(FIRST_BACKOFF_SECONDS * 2 ** (attempt - 1), MAX_BACKOFF_SECONDS)
        self.run.stop.wait(min(max(pause, unavailable.retry_after or 0.0), self.run.seconds_left))

    def _request(self, iteration: int) -> ModelRequest:
        run = self.run
        return ModelRequest(
            model=self.choice,
            instructions=self.instructions,
            messages=self.messages,
            tools=offered_tools(run),
            answer_schema=run.manifest.outputs_schema,
            timeout_seconds=run.seconds_left,
            # What answered nothing is asked anew, not answered again from a gateway's store.
            idempotency_key=f"{run.execution_id}-{run.attempt}-{iteration}" + "-again" * self.silences,
            demo=self.demo,
            trace={"callboard.execution.id": str(run.execution_id)},
        )

    def _advance(self, reply: ModelReply) -> dict[str, Any] | None:
        """Do what the response asks; the outputs if it ends the work."""
        if reply.finish_reason == "content_filter":
            raise RunFailed("model_error", "the provider withheld the answer (content filter)")
        is_cut_short = reply.finish_reason in CUT_SHORT
        results = [
            (call, SEND_AGAIN, True) if is_cut_short else (call, *self._call(call))
            for call in reply.tool_calls
        ]
        self._require_time()
        if reply.answer is None and reply.tool_calls:
            self.messages.append(transcript.tool_message(results))
            return None
        outputs = reply.answer.arguments if reply.answer else prompt_texts.outputs_in(reply.text)
        problem = CUT_SHORT_PROBLEM if is_cut_short else self._problem(outputs)
        if problem is None:
            return outputs
        self._count_repair(problem)
        if reply.answer:
            results.append((reply.answer, problem, True))
            self.messages.append(transcript.tool_message(results))
        else:
            self.messages.append(transcript.user_message(prompt_texts.ask_for_answer(problem)))
        return None

    def _problem(self, outputs: dict[str, Any] | None) -> str | None:
        if outputs is not None:
            return prompt_texts.problem_with(outputs, self.run.manifest.outputs_schema, name="outputs")
        return "the response is not the result as a JSON object"

    def _count_repair(self, problem: str) -> None:
        self.repairs += 1
        if self.repairs > MAX_REPAIRS:
            raise RunFailed("invalid_outputs", f"the model's answer is not valid: {problem}")

    def _call(self, call: ToolRequest) -> tuple[Json, bool]:
        self._require_time()
        recorder = self.run.recorder
        recorder.tool_called(call_id=call.call_id, name=call.name, arguments=call.arguments or {})
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


def _choice(run: LeasedRun) -> ModelChoice:
    """The run's model; a budget needs a model whose price is known."""
    try:
        choice = find_choice(run.model)
    except (ModelUnknown, ModelChoiceInvalid) as unusable:
        raise RunFailed("model_error", str(unusable), may_pass=False) from None
    if run.budget_usd is not None and not is_priced(choice):
        raise RunFailed(
            "not_permitted",
            f"a budget is set but {choice.name} has no known price; give it `prices` in MODELS",
        )
    return choice
