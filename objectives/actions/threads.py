"""Chats: who answers in a space, and beginning, naming, filing and stopping a thread."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db import transaction

from executions.catalog.selectors import newest_versions
from executions.runs.locks import locked
from objectives.access.permissions import MANAGE_OBJECTIVES
from objectives.actions.cancellation import interrupt_objective
from objectives.actions.creation import create_objective
from objectives.actions.new_objective import NewObjective
from objectives.ids import Prefix, spell
from objectives.models import (
    Agent,
    AgentState,
    AgentVariation,
    ChatSettings,
    Objective,
    Thread,
    UserMessage,
)
from objectives.models.thread import MOST_TITLE
from objectives.validation.labels import SKILL_LABEL
from spaces.access import SpaceAccess
from spaces.errors import IllegalMove, NotFound
from spaces.idempotency import Repeatable, make_once
from spaces.models import Space

ASSISTANT: Final = "Assistant"
_PROMPT: Final = (
    "You are the assistant of this workspace. Answer in the language in which you are asked, in Markdown. "
    "Use your tools where they help; name uploaded files exactly as the message does."
)
_TITLE_CHARACTERS = 80


@dataclass(frozen=True, kw_only=True)
class NewThread:
    """A chat that somebody begins, by its first message; `client_id` is the client's own name for it."""

    objective: NewObjective
    title: str = ""
    project_id: str = ""
    client_id: str = ""
    metadata: Mapping[str, Any] | None = None


def chat_agent(access: SpaceAccess, *, now: datetime) -> Agent:
    """The agent of the space's chat; the first use founds one that has the tenant's skills."""
    access.require(MANAGE_OBJECTIVES)
    known = ChatSettings.objects.filter(space_id=access.space_id).select_related("agent").first()
    if known is not None and known.agent.state == AgentState.PUBLISHED:
        return known.agent
    with transaction.atomic():
        # Of two that are the first at the same moment one founds it, and the other waits here.
        Space.objects.select_for_update(no_key=True).get(pk=access.space_id)
        known = ChatSettings.objects.filter(space_id=access.space_id).select_related("agent").first()
        if known is not None and known.agent.state == AgentState.PUBLISHED:
            return known.agent
        agent = _found_assistant(access, now)
        ChatSettings.objects.update_or_create(space_id=access.space_id, defaults={"agent": agent})
    return agent


def _found_assistant(access: SpaceAccess, now: datetime) -> Agent:
    owner = {"space_id": access.space_id, "created_by_id": access.principal_id, "created_at": now}
    agent = Agent.objects.create(
        name=ASSISTANT, state=AgentState.PUBLISHED, description="Answers in the chat of this space.", **owner
    )
    skills = {f"{SKILL_LABEL}{one.skill.slug}": "auto" for one in newest_versions(access.tenant_id)}
    AgentVariation.objects.create(
        agent=agent, name=ASSISTANT, system_prompt_template=_PROMPT, labels=skills, **owner
    )
    return agent


def start_thread(
    *, access: SpaceAccess, new: NewThread, idempotency_key: str | None = None, now: datetime
) -> Thread:
    """A new chat with its first message, or the one that the same key, or the same client, has begun.

    Raises as `create_objective` does.
    """
    access.require(MANAGE_OBJECTIVES)
    what = Repeatable(
        partial(_start, access, new, now),
        lambda made: made.pk,
        lambda made: Thread.objects.filter(pk=made).select_related("objective").first(),
    )
    request = ("thread", new.objective.opened(), new.title, new.project_id, new.metadata)
    return make_once(what, idempotency_key, *request, access=access, now=now)


def _start(access: SpaceAccess, new: NewThread, now: datetime) -> Thread:
    with transaction.atomic():
        objective = create_objective(access=access, wanted=new.objective, now=now)
        return Thread.objects.create(
            objective=objective,
            space_id=access.space_id,
            created_by_id=access.principal_id,
            title=new.title[:MOST_TITLE] or title_of(new.objective.first_user_message),
            is_titled=bool(new.title),
            project_id=new.project_id,
            client_id=new.client_id,
            metadata=new.metadata,
        )


def agent_address(access: SpaceAccess, given: str, *, now: datetime) -> str:
    """The agent that is named, in the API's spelling, or else that of the space's chat."""
    access.require(MANAGE_OBJECTIVES)
    return given or spell(Prefix.AGENT, chat_agent(access, now=now).id)


def title_of(message: str) -> str:
    """The beginning of a first message, cut at a word."""
    line = " ".join(message.split())
    if len(line) <= _TITLE_CHARACTERS:
        return line
    cut = line[:_TITLE_CHARACTERS]
    return (cut.rpartition(" ")[0] or cut) + "…"


def update_thread(
    *, access: SpaceAccess, thread_id: uuid.UUID, changes: Mapping[str, Any], now: datetime
) -> Thread:
    """Name or file a thread: of `title`, `project_id`, `metadata` and `archived` those that are there.

    Raises NotFound and NotPermitted.
    """
    access.require(MANAGE_OBJECTIVES)
    with transaction.atomic():
        thread = Thread.objects.filter(pk=thread_id, space_id=access.space_id).select_for_update().first()
        if thread is None:
            raise NotFound
        fields = set(changes) & {"title", "project_id", "metadata"}
        for name in fields:
            setattr(thread, name, changes[name])
        if "title" in fields:
            thread.is_titled = True
            fields.add("is_titled")
        if (archived := changes.get("archived")) is not None:
            thread.archived_at = (thread.archived_at or now) if archived else None
            fields.add("archived_at")
        thread.save(update_fields=sorted(fields))
    return thread


def stop_thread(*, access: SpaceAccess, thread_id: uuid.UUID, now: datetime) -> None:
    """Stop a thread's turn for everybody; what was said stays. Idempotent: at rest nothing happens."""
    try:
        interrupt_objective(access=access, objective_id=thread_id, now=now)
    except IllegalMove:
        with transaction.atomic():
            locked(Objective, thread_id, access.space_id)  # raises NotFound


def first_message(thread: Thread) -> UserMessage:
    """What a thread begins with."""
    return UserMessage.objects.filter(objective_id=thread.pk).order_by("after_turn", "created_at", "id")[0]
