"""The eight kinds of resources, each as a test makes, calls and clears it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from objectives.ids import Prefix, spell
from objectives.models import Agent, AgentState, ModelState, ProviderKey, ToolSet, ToolSetState, ToolState
from spaces.keys import create_key
from tests.factories import NOW
from tests.objectives.factories import (
    make_agent,
    make_model,
    make_provider_key,
    make_secret,
    make_tool,
    make_tool_set,
    make_variation,
)
from tests.objectives.workspace_client import WorkspaceClient


@dataclass(frozen=True)
class Kind:
    """A kind of resource: how a row is made and called, and one field of its own that can be cleared.

    `put_away` is what makes a row archived, disabled or omitted; empty for kinds that are always in use.
    """

    name: str
    make: Callable[..., Any]
    path: Callable[[Any], str]
    filled: dict[str, Any]
    clears: str
    put_away: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


def of_space(make):
    return lambda api, **fields: make(space=api.actor.space, created_by=api.actor.principal, **fields)


def the_agent(api):
    return Agent.objects.filter(space=api.actor.space).first() or of_space(make_agent)(api)


def the_set(api):
    return ToolSet.objects.filter(space=api.actor.space).first() or of_space(make_tool_set)(api)


def the_provider_key(api):
    rows = ProviderKey.objects.filter(space=api.actor.space)
    return rows.first() or make_provider_key(space=api.actor.space)


def make_api_key(api, *, name="k", **fields):
    how = {"principal": api.actor.principal, "permissions": ["*"], "spaces": None, "now": NOW}
    return create_key(name=name, **how, **fields)[0]


def path_of_tool(tool):
    return f"/tool_sets/{spell(Prefix.TOOL_SET, tool.tool_set_id)}/tools/{spell(Prefix.TOOL, tool.pk)}"


def path_of_variation(row):
    return f"/agents/{spell(Prefix.AGENT, row.agent_id)}/variations/{spell(Prefix.VARIATION, row.pk)}"


TEXT = {"description": "What it is for."}
KINDS = [
    Kind(
        "agent",
        of_space(make_agent),
        lambda row: f"/agents/{spell(Prefix.AGENT, row.pk)}",
        TEXT,
        "spec.description",
        {"state": AgentState.ARCHIVED},
    ),
    Kind(
        "variation",
        lambda api, **fields: make_variation(agent=the_agent(api), **fields),
        path_of_variation,
        TEXT,
        "spec.description",
    ),
    Kind(
        "tool set",
        of_space(make_tool_set),
        lambda row: f"/tool_sets/{spell(Prefix.TOOL_SET, row.pk)}",
        TEXT,
        "spec.description",
        {"state": ToolSetState.ARCHIVED},
    ),
    Kind(
        "tool",
        lambda api, name="find order", **fields: make_tool(tool_set=the_set(api), name=name, **fields),
        path_of_tool,
        TEXT,
        "spec.description",
        {"state": ToolState.OMITTED},
    ),
    Kind(
        "model",
        lambda api, **fields: make_model(provider_key=the_provider_key(api), **fields),
        lambda row: f"/models/{spell(Prefix.MODEL, row.pk)}",
        {"family": "large"},
        "spec.family",
        {"state": ModelState.DISABLED},
    ),
    Kind(
        "provider key",
        lambda api, **fields: make_provider_key(
            space=api.actor.space, credential={"apiKey": "sk-1"}, **fields
        ),
        lambda row: f"/ai_provider_keys/{spell(Prefix.PROVIDER_KEY, row.pk)}",
        {"credential_kind": "apiKey"},
        "spec.credentials",
    ),
    Kind(
        "secret",
        of_space(make_secret),
        lambda row: f"/workspace_secrets/{spell(Prefix.WORKSPACE_SECRET, row.pk)}",
        {"external_id": "to-clear"},
        "metadata.external_id",
    ),
    Kind(
        "API key",
        make_api_key,
        lambda row: f"/api_keys/{spell(Prefix.API_KEY, row.pk)}",
        TEXT,
        "spec.description",
        {"disabled_at": NOW},
    ),
]


def client_of(actor, kind):
    api = WorkspaceClient(actor)
    if kind.name == "API key":
        api.root = "/v1/account"
    return api


def columns(row: Model) -> dict[str, Any]:
    """All that the database holds of a row."""
    return type(row)._default_manager.values().get(pk=row.pk)
