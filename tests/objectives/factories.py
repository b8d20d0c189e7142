"""Rows of the workspace API for tests, made directly: plain functions with keyword arguments."""

import itertools
import json
from datetime import datetime
from typing import Any

from objectives.access.accounts import AccountAccess
from objectives.actions.creation import create_objective
from objectives.actions.new_objective import NewObjective
from objectives.encrypted_fields import CREDENTIALS, SECRETS
from objectives.ids import Prefix, spell
from objectives.models import (
    AdapterKind,
    Agent,
    AgentState,
    AgentVariation,
    Assignment,
    Feedback,
    LanguageModel,
    Objective,
    Provider,
    ProviderKey,
    Secret,
    Tool,
    ToolSet,
)
from spaces.access import Caller, SpaceAccess
from spaces.models import Principal, PrincipalKind, Role, Space
from tests.factories import NOW, Actor, make_space

_numbers = itertools.count(1)


def account_of(actor: Actor) -> AccountAccess:
    """The actor's account, as their key reaches it."""
    return AccountAccess(Caller(actor.principal, actor.key), actor.tenant.pk)


def make_tool_set(
    *,
    space: Space,
    created_by: Principal,
    name: str = "orders",
    adapter: str = AdapterKind.HTTP,
    base_url: str = "https://orders.example.com",
    **fields: Any,
) -> ToolSet:
    """A set of tools behind one address, or a bare one (`adapter=AdapterKind.BARE`)."""
    given: dict[str, Any] = {"created_at": NOW, **fields}
    return ToolSet.objects.create(
        space=space,
        created_by=created_by,
        name=name,
        adapter=adapter,
        base_url=base_url if adapter == AdapterKind.HTTP else "",
        **given,
    )


def make_tool(*, tool_set: ToolSet, name: str = "find order", **fields: Any) -> Tool:
    """A tool of a set that takes one text, `order`."""
    if tool_set.adapter == AdapterKind.HTTP:
        fields.setdefault("config", {"requestMethod": "GET", "path": "/orders/{{ order }}"})
    properties = {"order": {"type": "string", "description": "The order's number."}}
    given: dict[str, Any] = {
        "description": "Finds an order by its number.",
        "parameters": {"type": "object", "properties": properties, "required": ["order"]},
        "function_name": name.replace(" ", "_"),
        "created_at": NOW,
        **fields,
    }
    return Tool.objects.create(
        space_id=tool_set.space_id,
        created_by_id=tool_set.created_by_id,
        tool_set=tool_set,
        name=name,
        **given,
    )


def make_secret(
    *,
    space: Space,
    created_by: Principal,
    name: str = "TOKEN",
    value: str = "s3cret-value",
    tool_set: ToolSet | None = None,
    objective: Objective | None = None,
    **fields: Any,
) -> Secret:
    """A sealed secret of a space, or of one tool set or one objective."""
    given: dict[str, Any] = {"created_at": NOW, **fields}
    secret = Secret(
        space=space, created_by=created_by, name=name, tool_set=tool_set, objective=objective, **given
    )
    SECRETS.seal(secret, value)
    secret.save(force_insert=True)
    return secret


def make_agent(
    *,
    space: Space,
    created_by: Principal,
    name: str = "Researcher",
    state: str = AgentState.PUBLISHED,
    **fields: Any,
) -> Agent:
    """An agent without variations."""
    given: dict[str, Any] = {"created_at": NOW, **fields}
    return Agent.objects.create(space=space, created_by=created_by, name=name, state=state, **given)


def make_variation(
    *,
    agent: Agent,
    name: str = "Thorough",
    calls: tuple[Tool | ToolSet | Agent, ...] = (),
    **fields: Any,
) -> AgentVariation:
    """A variation of an agent that may call these things; it takes the space's default model."""
    given: dict[str, Any] = {"created_at": NOW, **fields}
    variation = AgentVariation.objects.create(
        space_id=agent.space_id, created_by_id=agent.created_by_id, agent=agent, name=name, **given
    )
    columns = {Tool: "tool", ToolSet: "tool_set", Agent: "sub_agent"}
    for thing in calls:
        Assignment.objects.create(variation=variation, created_at=NOW, **{columns[type(thing)]: thing})
    return variation


def make_provider_key(
    *, space: Space | None = None, credential: dict[str, Any] | None = None, **fields: Any
) -> ProviderKey:
    """A key at an OpenAI-compatible provider; `credential` is one member of the API's union."""
    space = space or make_space()
    fields.setdefault("name", f"Key {next(_numbers)}")
    fields.setdefault("provider", Provider.OPENAI_COMPATIBLE)
    fields.setdefault("created_by", _maker(space))
    key = ProviderKey(space=space, created_at=NOW, **fields)
    if credential is not None:
        kind = next(iter(credential))
        parts = credential[kind] if isinstance(credential[kind], dict) else credential
        key.credential_kind, key.credential_fields = kind, sorted(parts)
        CREDENTIALS.seal(key, json.dumps(parts))
    key.save(force_insert=True)
    return key


def make_model(*, provider_key: ProviderKey | None = None, **fields: Any) -> LanguageModel:
    """An enabled model without prices."""
    key = provider_key or make_provider_key()
    given = {"name": f"Model {next(_numbers)}", "provider_model_id": "small-model", **fields}
    return LanguageModel.objects.create(
        space_id=key.space_id, provider_key=key, created_by_id=key.created_by_id, created_at=NOW, **given
    )


def _maker(space: Space) -> Principal:
    """A machine of the space's tenant, for rows that somebody must have made."""
    return Principal.objects.create(
        tenant=space.tenant, kind=PrincipalKind.MACHINE, display_name="maker", created_at=NOW
    )


def make_objective(
    *, variation: AgentVariation, message: str = "Hello", now: datetime = NOW, **wanted: Any
) -> Objective:
    """A pending objective of a published agent, with its log and its job."""
    space = variation.space
    access = SpaceAccess(
        space.id, space.tenant_id, variation.created_by_id, Role.ADMIN, frozenset({"objectives:manage"})
    )
    asked = NewObjective(
        agent=spell(Prefix.AGENT, variation.agent_id),
        variation=spell(Prefix.VARIATION, variation.id),
        first_user_message=message,
        **wanted,
    )
    return create_objective(access=access, wanted=asked, now=now)


def make_feedback(*, objective: Objective, score: float = 1.0, **fields: Any) -> Feedback:
    """What its maker thought of an objective."""
    given: dict[str, Any] = {"created_at": NOW, **fields}
    return Feedback.objects.create(
        space_id=objective.space_id,
        created_by_id=objective.created_by_id,
        objective=objective,
        agent_id=objective.agent_id,
        variation=objective.variation,
        score=score,
        **given,
    )
