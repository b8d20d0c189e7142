"""Making an objective: which variation, with what plan, and its first message."""

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models.functions import Now
from pydantic import SecretStr

from executions.catalog.validation import schema_problems
from executions.models import RunHead
from executions.runs.event_kinds import EventKind
from executions.runs.feed import append_to_feed
from executions.runs.log import append
from executions.runs.models import RunKind
from executions.runs.queue import enqueue_run
from objectives.access.permissions import MANAGE_OBJECTIVES
from objectives.actions.message_files import KeptFile, attach_files, file_facts, told_model
from objectives.actions.new_objective import NewObjective
from objectives.actions.resources import unique_names
from objectives.actions.secrets import secret_name
from objectives.actions.variations import choose_variation
from objectives.encrypted_fields import SECRETS
from objectives.events import IN_FEED, event
from objectives.ids import Prefix
from objectives.liquid.templates import fill
from objectives.models import (
    Agent,
    AgentState,
    AgentVariation,
    ContextWindow,
    Objective,
    ObjectiveState,
    Secret,
    UserMessage,
)
from objectives.planning.demo_block import split_demo
from objectives.planning.functions import assigned_to
from objectives.planning.plan import DAY_SECONDS
from objectives.planning.plan_builder import build_plan
from objectives.representations.agents import show_agents, show_variations
from objectives.representations.selectors import profiles_of
from objectives.selectors import find
from objectives.validation.labels import check_external_id, check_labels, cost_budget
from spaces.access import SpaceAccess
from spaces.errors import AlreadyExists, Invalid, NotReady
from spaces.idempotency import Repeatable, make_once
from spaces.ids import new_id

CHAT_SECONDS = 3650 * DAY_SECONDS  # a chat is not over because nobody says anything for a while
CHAT_TURNS = 100_000
MOST_DEPTH = 4  # of sub-agents that call each other
_RANDOM = random.SystemRandom()


def create_objective(
    *, access: SpaceAccess, wanted: NewObjective, idempotency_key: str | None = None, now: datetime
) -> Objective:
    """A new objective, with its job, in one transaction; or the one that the same key and wish have made.

    Raises NotFound for an unknown agent or variation, NotReady for an agent that is not published, Invalid
    naming the field, AlreadyExists where the external id is taken, NotPermitted, and Conflict for a key that
    was used for something else.
    """
    access.require(MANAGE_OBJECTIVES)
    return _make_once(partial(_create, access, wanted, now), access, wanted, key=idempotency_key, now=now)


def create_once(
    *, access: SpaceAccess, wanted: NewObjective, idempotency_key: str | None = None, now: datetime
) -> Objective:
    """The objective of the external id that is given: a new one, or the one that has it. Idempotent.

    Raises Invalid without an external id, and what `create_objective` raises.
    """
    access.require(MANAGE_OBJECTIVES)
    if not wanted.external_id:
        message = "Required here, so that a repeated request finds the first one's objective."
        raise Invalid.field("body", "metadata", "externalId", msg=message)
    return _make_once(partial(_named, access, wanted, now), access, wanted, key=idempotency_key, now=now)


def _make_once(
    make: Callable[[], Objective],
    access: SpaceAccess,
    wanted: NewObjective,
    *,
    key: str | None,
    now: datetime,
) -> Objective:
    if key is None:
        return make()
    what = Repeatable(make, lambda made: made.id, lambda made: Objective.objects.filter(pk=made).first())
    return make_once(what, key, "objective", wanted.opened(), access=access, now=now)


def _create(access: SpaceAccess, wanted: NewObjective, now: datetime) -> Objective:
    check_external_id(wanted.external_id, "body", "metadata", "externalId")
    check_labels(wanted.labels, "body", "metadata", "labels")
    _check_secrets(wanted)
    agent = find(Agent.objects.filter(space_id=access.space_id), Prefix.AGENT, wanted.agent)
    if agent.state != AgentState.PUBLISHED:
        raise NotReady(f"The agent is {agent.state}: only a published agent can start objectives.")
    if wanted.variation:
        named = AgentVariation.objects.filter(agent=agent)
        variation = find(named, Prefix.VARIATION, wanted.variation)
    else:
        variation = chosen_variation(agent)
    objective = prepare(agent, variation, wanted, access=access, now=now)
    with unique_names(an_external_id_names_one_objective="Another objective already has this external id."):
        write(objective, wanted.secrets, files=wanted.files, now=now)
    return objective


def _named(access: SpaceAccess, wanted: NewObjective, now: datetime) -> Objective:
    named = Objective.objects.filter(space_id=access.space_id, external_id=wanted.external_id)
    try:
        return named.first() or _create(access, wanted, now)
    except AlreadyExists:
        # Somebody made it at the same moment and was first: theirs is the objective.
        found = named.first()
        if found is None:
            raise
        return found


def prepare(
    agent: Agent,
    variation: AgentVariation,
    wanted: NewObjective,
    *,
    access: SpaceAccess,
    now: datetime,
) -> Objective:
    """An unsaved objective with everything that never changes.

    Raises Invalid naming the field, and NotPermitted.
    """
    access.require(MANAGE_OBJECTIVES)
    template, demo = split_demo(variation.system_prompt_template)
    _check_data(agent, wanted.system_prompt_data)
    tenant_id, assigned = access.tenant_id, assigned_to([variation])
    plan = build_plan(
        agent,
        variation,
        assigned[variation.id],
        pinned=wanted.pinned_parameters,
        demo=demo,
        tenant_id=tenant_id,
    )
    made_by = profiles_of([agent.created_by_id, variation.created_by_id], tenant_id=tenant_id)
    (agent_shown,) = show_agents([agent], tenant_id=tenant_id, profiles=made_by)
    (variation_shown,) = show_variations(
        [variation], tenant_id=tenant_id, assigned=assigned, profiles=made_by
    )
    return Objective(
        id=new_id(),
        space_id=access.space_id,
        external_id=wanted.external_id,
        labels=dict(wanted.labels),
        created_by_id=access.principal_id,
        created_at=now,
        agent=agent,
        variation=variation,
        agent_snapshot=agent_shown.wire(),
        variation_snapshot=variation_shown.wire(),
        plan=replace(plan, max_turns=CHAT_TURNS).stored() if wanted.is_chat else plan.stored(),
        system_prompt=fill(template, wanted.system_prompt_data or {}),
        system_prompt_data=wanted.system_prompt_data,
        first_user_message=_first_message(variation, wanted),
        first_user_message_data=wanted.first_user_message_data,
        pinned_parameters=dict(wanted.pinned_parameters),
        inactivity_seconds=CHAT_SECONDS if wanted.is_chat else variation.inactivity_seconds or DAY_SECONDS,
        cost_budget_usd=cost_budget(variation.labels, settings.DEFAULT_BUDGET_USD),
        trace_id=uuid.uuid4().hex,
    )


def write(
    objective: Objective,
    secrets: Sequence[tuple[str, SecretStr]],
    *,
    files: Sequence[KeptFile] = (),
    now: datetime,
) -> None:
    """Write a prepared objective with its head, log, first window and message, and its job.

    Part of the caller's transaction; the feed is its last lock.
    """
    head = RunHead(
        run_id=objective.id, kind=RunKind.OBJECTIVE, space_id=objective.space_id, available_at=Now()
    )
    window_id, message_id, by = new_id(), new_id(), objective.created_by_id
    pending = {"from_state": None, "state": ObjectiveState.PENDING}
    said = {"content": objective.first_user_message, "message_id": str(message_id), **file_facts(files)}
    first = [
        event(EventKind.STATE_CHANGED, pending, now=now, by=by),
        event(EventKind.USER_MESSAGE, said, now=now, window_id=window_id, by=by),
    ]
    rows = append(head, first)  # nobody else knows of the run yet, so nobody else numbers its events
    head.save(force_insert=True)
    objective.event_count, objective.window_count = len(first), 1
    objective.save(force_insert=True)
    owner = {"space_id": objective.space_id, "created_by_id": by, "created_at": now}
    window = ContextWindow.objects.create(id=window_id, objective=objective, sequence=1, **owner)
    message = UserMessage.objects.create(
        id=message_id,
        objective=objective,
        window=window,
        after_turn=0,
        content=told_model(objective.first_user_message, files),
        created_at=now,
    )
    attach_files([(message, files)])
    Secret.objects.bulk_create(_sealed(objective, name, value, owner) for name, value in secrets)
    enqueue_run(objective.id, head.kind)
    append_to_feed(objective.space_id, [row for row in rows if row.kind in IN_FEED])


def chosen_variation(agent: Agent) -> AgentVariation:
    """The variation that works where nobody names one: by the agent's way of choosing."""
    return choose_variation(agent, _RANDOM)


def _first_message(variation: AgentVariation, wanted: NewObjective) -> str:
    given = wanted.first_user_message
    message = given or fill(variation.first_user_message_template, wanted.first_user_message_data or {})
    if not message.strip():
        raise Invalid.field(
            "body", "firstUserMessage", msg="A first message is required: the variation has no template."
        )
    return message


def _check_data(agent: Agent, data: Mapping[str, Any] | None) -> None:
    schema = agent.system_prompt_data_schema
    if not schema:
        return
    for problem in schema_problems(schema, dict(data or {}), loc=["body", "systemPromptData"]):
        raise Invalid([problem])


def _check_secrets(wanted: NewObjective) -> None:
    where = ("body", "secrets")
    names = [secret_name(name, *where, place, "name") for place, (name, _) in enumerate(wanted.secrets)]
    if len(set(names)) < len(names):
        raise Invalid.field(*where, msg="Duplicate name.")


def _sealed(objective: Objective, name: str, value: SecretStr, owner: Mapping[str, Any]) -> Secret:
    secret = Secret(objective=objective, name=secret_name(name), **owner)
    SECRETS.seal(secret, value.get_secret_value())
    return secret
