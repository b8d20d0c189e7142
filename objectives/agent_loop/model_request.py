"""What the model is asked in one step, built from rows alone, and which model that is.

A window of the conversation begins with its opening; then come, turn by turn, the model's response, the
results of its calls in their order, and what people said after that turn.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from executions.inference.choices import ModelChoice, ModelChoiceInvalid, ModelUnknown, find_choice
from executions.inference.errors import ModelRefused
from executions.inference.interface import (
    DemoSettings,
    Message,
    ModelRequest,
    ToolDefinition,
    ToolRequest,
)
from executions.inference.media import Mixed
from executions.inference.prices import is_priced
from executions.inference.transcript import tool_message, user_message
from objectives.agent_loop.endings import has_budget
from objectives.ids import Json, Prefix, spell
from objectives.model_providers.pauses import held_back, space_and_pauses
from objectives.model_providers.selection import choice_of
from objectives.models import (
    ApprovalStatus,
    ContextWindow,
    ErrorType,
    ExecutionStatus,
    FinishReason,
    LanguageModel,
    Objective,
    ResultMedia,
    Step,
    ToolCall,
    UserMessage,
)
from objectives.planning.plan import Plan
from objectives.schemas.metadata import ResourceMetadata
from objectives.tool_results.blocks import show_model, tell_model

INTERRUPTED = "The call was abandoned: the run was stopped before it finished."
# What the model reads after what it wrote itself, where that is not whole.
NOTES = {
    FinishReason.LENGTH: "Your answer was cut off: it is too long. Give it again as a whole, and shorter.",
    FinishReason.ERROR: "Your answer was cut off by an error. Give it again as a whole.",
    FinishReason.INTERRUPTED: "Your answer was broken off here: somebody stopped you.",
    FinishReason.CUT_OFF: "Your answer was broken off here by a failing connection. Give it again in full.",
}


@dataclass(frozen=True)
class Conversation:
    """What the model reads; `steps` are those of the window, oldest first, each with its calls in order.

    `digests` names the bytes of the media in the calls' results by their id.
    """

    window: ContextWindow
    steps: Sequence[tuple[Step, Sequence[ToolCall]]]
    said: Sequence[UserMessage]
    digests: Mapping[str, str]

    def messages(self) -> list[Message]:
        """All of it in the model library's own JSON."""
        said = defaultdict(list)
        for message in self.said:
            said[message.after_turn].append(user_message(message.content))
        first = self.steps[0][0].turn if self.steps else None
        early = [turn for turn in sorted(said) if first is None or turn < first]
        spoken = [*self.window.opening, *(one for turn in early for one in said[turn])]
        for step, calls in self.steps:
            spoken += [*self._exchange(step, calls), *said[step.turn]]
        return spoken

    def unanswered(self) -> list[Message]:
        """What the model has not answered yet: the results of its newest calls, and people's last messages.

        They come after the response that they belong to.
        """
        if not self.steps:
            return [user_message(one.content) for one in self.said]
        step, calls = self.steps[-1]
        asked = self._exchange(step, calls) if calls or not step.is_whole else []
        return [*asked, *(user_message(one.content) for one in self.said if one.after_turn >= step.turn)]

    def _exchange(self, step: Step, calls: Sequence[ToolCall]) -> list[Message]:
        """A response, and what came of it."""
        note = NOTES.get(FinishReason(step.finish_reason)) if step.finish_reason and not calls else None
        noted = [user_message(note)] if note else []
        return [step.response, *results_of(step, calls, self.digests), *noted]

    def refused_media(self) -> frozenset[str]:
        """The digests of media that were in a request of this window which the provider refused with them."""
        return frozenset(
            media["sha256"]
            for step, _ in self.steps
            if step.request.get("media_refused")
            for media in step.request["media"]
        )

    def newest_message(self) -> str:
        """What a person said last in this window, or "" for nothing."""
        return self.said[-1].content if self.said else ""


def conversation_of(objective: Objective, known: Conversation | None = None) -> Conversation:
    """The newest window of an objective, in five queries.

    Where its worker has it as it was before an earlier request (`known`), only what came since is read:
    responses and the results of their calls do not change once the model has been asked to go on.
    """
    window = known.window if known else ContextWindow.objects.filter(objective=objective).latest("sequence")
    read = known.steps[-1][0].turn if known and known.steps else 0
    steps = list(Step.objects.filter(window=window, turn__gt=read).order_by("turn"))
    since = _conversation(window, steps, UserMessage.objects.filter(window=window))
    if known is None:
        return since
    digests = {**known.digests, **since.digests}
    return Conversation(window, [*known.steps, *since.steps], since.said, digests)


def newest_exchange(objective: Objective, step: Step) -> Conversation:
    """The end of the conversation only, from the newest response of an objective on."""
    said = UserMessage.objects.filter(objective=objective, after_turn__gte=step.turn)
    return _conversation(step.window, [step], said)


def _conversation(window: ContextWindow, steps: list[Step], messages: QuerySet[UserMessage]) -> Conversation:
    calls = defaultdict(list)
    for call in ToolCall.objects.filter(step__in=steps).order_by("step_id", "place"):
        calls[call.step_id].append(call)
    said = messages.order_by("after_turn", "created_at", "id")
    media = ResultMedia.objects.filter(tool_call__step__in=steps).values_list("id", "blob_id")
    digests = {str(media_id): digest for media_id, digest in media}
    return Conversation(window, [(step, calls[step.id]) for step in steps], list(said), digests)


def results_of(step: Step, calls: Iterable[ToolCall], digests: Mapping[str, str]) -> list[Message]:
    """One message with what came of each settled call of a response; none for a response without calls."""
    names = wire_names_in(step.response)
    results: list[tuple[ToolRequest, str | Mixed, bool]] = []
    for call in calls:
        wire = names.get(call.provider_call_id, call.called_as)
        request = ToolRequest(call.provider_call_id, call.called_as, wire, call.arguments)
        told, is_error = told_of(call)
        shown = told if is_error else show_model(call.result or [], digests)
        results.append((request, shown, is_error))
    return [tool_message(results)] if results else []


def told_of(call: ToolCall) -> tuple[str, bool]:
    """What a call gave as text, and whether that is an error."""
    if call.approval == ApprovalStatus.DENIED:
        memo = f" They said: {call.memo}" if call.memo else ""
        return f"The call was denied; it was not made.{memo}", True
    if call.execution == ExecutionStatus.COMPLETED:
        return tell_model(call.result or []), False
    if call.execution == ExecutionStatus.ERRORED:
        return call.error_message or call.get_error_type_display(), True
    return INTERRUPTED, True


def wire_names_in(response: Message) -> dict[str, str]:
    """Under which name the provider knows the function of each call id of a stored response."""
    return {
        part["tool_call_id"]: part["tool_name"]
        for part in response["parts"]
        if part["part_kind"] == "tool-call"
    }


def text_in(response: Message) -> str:
    """What a stored response says."""
    return "".join(part["content"] for part in response["parts"] if part["part_kind"] == "text")


class CannotAsk(Exception):
    """The model cannot be asked at all; the message is for people."""

    def __init__(self, error: ErrorType, message: str) -> None:
        super().__init__(message)
        self.error = error
        self.message = message


@dataclass(frozen=True)
class ChosenModel:
    """The model that works on an objective; its row, if any, and that one's metadata as the API writes it."""

    choice: ModelChoice
    row: LanguageModel | None = None
    metadata: Json | None = None


@dataclass(frozen=True)
class Question:
    """Whom to ask what, for an objective's next response."""

    objective: Objective
    plan: Plan
    chosen: ChosenModel
    talk: Conversation
    request: ModelRequest

    @property
    def asked(self) -> tuple[ModelRequest, ModelChoice]:
        return self.request, self.chosen.choice


def question_of(
    objective: Objective,
    plan: Plan,
    *,
    fence: int,
    known: Conversation | None = None,
    is_repeated: bool = False,
) -> Question:
    """The question for an objective's next response, as the rows have it; raises CannotAsk.

    `known` is its conversation as it was before, in the same window.
    """
    chosen = chosen_model(objective, plan)
    talk = conversation_of(objective, known)
    request = step_request(objective, plan, talk, chosen.choice, fence=fence, is_repeated=is_repeated)
    return Question(objective, plan, chosen, talk, request)


def chosen_model(objective: Objective, plan: Plan) -> ChosenModel:
    """The model of an objective; raises CannotAsk, also for one without a price where there is a budget."""
    row = _model_row(plan)
    space, pauses = space_and_pauses(objective.space_id, row.provider_key_id if row else None)
    try:
        found = choice_of(row, space)
        choice = found if isinstance(found, ModelChoice) else find_choice(found)
    except ModelRefused as refused:
        raise CannotAsk(ErrorType.MODEL_ERROR, refused.message) from None
    except (ModelUnknown, ModelChoiceInvalid) as unusable:
        raise CannotAsk(ErrorType.MODEL_ERROR, str(unusable)) from None
    if not is_priced(choice) and has_budget(objective):
        raise CannotAsk(
            ErrorType.CONFIGURATION, f"There is a budget, but no price is known for {choice.name}."
        )
    if row is None:
        return ChosenModel(held_back(choice, pauses))
    metadata = ResourceMetadata.of(row, Prefix.MODEL, tenant_id=space.tenant_id).wire()
    return ChosenModel(held_back(choice, pauses), row, metadata)


def _model_row(plan: Plan) -> LanguageModel | None:
    if plan.model_id is None:
        return None
    row = LanguageModel.objects.select_related("provider_key").filter(pk=plan.model_id).first()
    if row is None:
        raise CannotAsk(ErrorType.CONFIGURATION, "The model that was chosen does not exist any more.")
    return row


def step_request(
    objective: Objective,
    plan: Plan,
    talk: Conversation,
    choice: ModelChoice,
    *,
    fence: int,
    is_repeated: bool = False,
) -> ModelRequest:
    """The request for the next response; `is_repeated` where the turn has been answered with nothing."""
    return ModelRequest(
        model=choice,
        instructions=objective.system_prompt,
        messages=talk.messages(),
        tools=[ToolDefinition(one.function, one.description, one.parameters) for one in plan.offered],
        answer_schema=plan.answer_schema,
        settings=plan.settings,
        # What answered nothing is asked anew, not answered again from a gateway's store.
        idempotency_key=f"{objective.id}-{objective.turn}-{fence}" + ("-again" if is_repeated else ""),
        refused_media=talk.refused_media(),
        demo=DemoSettings(plan.demo, demo_values(objective, talk), turn=objective.turn),
        space_id=objective.space_id,
        trace=trace_of(objective),
    )


def demo_values(objective: Objective, talk: Conversation) -> dict[str, Any]:
    """What templates in a demo script may name, beside the message and the results."""
    data = {**(objective.system_prompt_data or {}), **(objective.first_user_message_data or {})}
    return {"inputs": data, "message": talk.newest_message() or objective.first_user_message}


def trace_of(objective: Objective) -> dict[str, str]:
    """By what a request's span is found again."""
    name = spell(Prefix.OBJECTIVE, objective.id)
    return {"callboard.objective.id": name, "gen_ai.conversation.id": name}
