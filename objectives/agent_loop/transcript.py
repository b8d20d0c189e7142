"""The conversation as the model is sent it, built from rows alone.

A window begins with its opening; then come, turn by turn, the model's response, the results of its calls in
their order, and what people said after that turn.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from executions.inference.interface import Message, ToolRequest
from executions.inference.media import Mixed
from executions.inference.transcript import tool_message, user_message
from objectives.models import (
    ApprovalStatus,
    ContextWindow,
    ExecutionStatus,
    FinishReason,
    Objective,
    ResultMedia,
    Step,
    ToolCall,
    UserMessage,
)
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


def conversation_of(objective: Objective) -> Conversation:
    """The newest window of an objective, in five queries."""
    window = ContextWindow.objects.filter(objective=objective).latest("sequence")
    steps = list(Step.objects.filter(window=window).order_by("turn"))
    return _conversation(window, steps, UserMessage.objects.filter(window=window))


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
