"""What the model is asked in one step, and which model that is."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from executions.inference.choices import ModelChoice, ModelChoiceInvalid, ModelUnknown, find_choice
from executions.inference.errors import ModelRefused
from executions.inference.interface import DemoSettings, ModelReply, ModelRequest, ToolDefinition
from executions.inference.prices import is_priced
from executions.runs.db_retry import retry_database
from objectives.agent_loop.limits import has_budget
from objectives.agent_loop.transcript import Conversation
from objectives.ids import Json, Prefix, spell
from objectives.model_providers.selection import choice_of
from objectives.models import ErrorType, LanguageModel, Objective
from objectives.planning.plan import Plan
from objectives.schemas.metadata import ResourceMetadata
from spaces.models import Space

USE_STEP = timedelta(minutes=1)


class CannotAsk(Exception):
    """The model cannot be asked at all; the message is for people."""

    def __init__(self, error: ErrorType, message: str) -> None:
        super().__init__(message)
        self.error = error
        self.message = message


@dataclass(frozen=True)
class ChosenModel:
    """The model that works on an objective; id and metadata (as the API writes it) of its row, if any."""

    choice: ModelChoice
    row_id: uuid.UUID | None = None
    metadata: Json | None = None


def chosen_model(objective: Objective, plan: Plan) -> ChosenModel:
    """The model of an objective; raises CannotAsk, also for one without a price where there is a budget."""
    row, space = _model_row(plan), Space.objects.get(pk=objective.space_id)
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
        return ChosenModel(choice)
    metadata = ResourceMetadata.of(row, Prefix.MODEL, tenant_id=space.tenant_id).wire()
    return ChosenModel(choice, row.id, metadata)


def _model_row(plan: Plan) -> LanguageModel | None:
    if plan.model_id is None:
        return None
    row = LanguageModel.objects.select_related("provider_key").filter(pk=plan.model_id).first()
    if row is None:
        raise CannotAsk(ErrorType.CONFIGURATION, "The model that was chosen does not exist any more.")
    return row


@retry_database
def note_use(chosen: ChosenModel, *, now: datetime) -> None:
    """Write down that a model was used, about once a minute: many objectives share its row."""
    used = LanguageModel.objects.filter(pk=chosen.row_id) if chosen.row_id else LanguageModel.objects.none()
    used.filter(Q(last_used_at=None) | Q(last_used_at__lt=now - USE_STEP)).update(last_used_at=now)


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
        trace=trace_of(objective),
    )


def sent_beside(request: ModelRequest, reply: ModelReply) -> Json:
    """What went with the messages, for the record; it holds no secret, and of media no bytes."""
    media = {"media": list(reply.media), "media_refused": reply.media_refused} if reply.media else {}
    return {
        **media,
        "instructions": request.instructions,
        "tools": [
            {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
            for tool in request.tools
        ],
        "answer_schema": request.answer_schema,
        "settings": dict(request.settings),
    }


def demo_values(objective: Objective, talk: Conversation) -> dict[str, Any]:
    """What templates in a demo script may name, beside the message and the results."""
    data = {**(objective.system_prompt_data or {}), **(objective.first_user_message_data or {})}
    return {"inputs": data, "message": talk.newest_message() or objective.first_user_message}


def trace_of(objective: Objective) -> dict[str, str]:
    """By what a request's span is found again."""
    return {
        "callboard.objective.id": spell(Prefix.OBJECTIVE, objective.id),
        "gen_ai.conversation.id": spell(Prefix.OBJECTIVE, objective.id),
    }
