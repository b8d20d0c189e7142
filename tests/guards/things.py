"""What an owner has in the workspace API, by the name under which paths refer to it.

A new kind of thing needs a value in `things_of`, and one in `BODIES` where its writes need a body.
"""

from collections.abc import Mapping
from typing import Any

from objectives.ids import Prefix, spell
from objectives.models import ActionKind, ApprovalStatus, Assignment, Provider, QueuedAction
from spaces.keys import create_key
from tests.factories import NOW, Actor, unknown_id
from tests.objectives.factories import make_model, make_provider_key, make_secret, make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent

# What a request must hold to get as far as looking for the things that its path names, by the path's end.
# `{name}` is the value of that name.
BODIES: Mapping[str, Any] = {
    "ai_provider_keys": {"metadata": {"name": "New"}, "spec": {"provider": "AI_PROVIDER_OPENAI"}},
    "models": {"metadata": {"name": "New"}, "spec": {"providerModelId": "m"}},
    ":swapModelOnVariations": {"modelSwaps": [{"currentModelId": "{model_id}", "nextModelId": "demo"}]},
    "api_keys": {"metadata": {"name": "New"}},
    ":addWorkspace": {"workspaceId": "{workspace_id}"},
    ":removeWorkspace": {"workspaceId": "{workspace_id}"},
    "agents": {"metadata": {"name": "New"}, "spec": {}},
    "variations": {"metadata": {"name": "New"}, "spec": {}},
    ":addAssignment": {"type": "toolId", "toolId": "{tool_id}"},
    ":removeAssignment": {"type": "toolId", "toolId": "{tool_id}"},
    "assignments": {"type": "toolSetId", "toolSetId": "{tool_set_id}"},
    ":addMemoryLayer": {"memoryLayerId": "memlyr_1"},
    ":removeMemoryLayer": {"memoryLayerId": "memlyr_1"},
    ":updateMemoryLayer": {"memoryLayerId": "memlyr_1", "position": 1},
    "tool_sets": {"metadata": {"name": "New"}, "spec": {"adapter": {"type": "bare", "bare": {}}}},
    "tools": {
        "metadata": {"name": "New"},
        "spec": {
            "description": "Does it.",
            "parameters": {"type": "object"},
            "config": {"type": "http", "http": {"requestMethod": "GET", "path": "/"}},
        },
    },
    "secrets": {"metadata": {"name": "NEW"}, "spec": {"value": "v"}},
    "workspace_secrets": {"metadata": {"name": "NEW"}, "spec": {"value": "v"}},
    "objectives": {"agentId": "{agent_id}", "firstUserMessage": "Hello"},
    "objectives:stream": {
        "agentId": "{agent_id}",
        "firstUserMessage": "Hello",
        "metadata": {"externalId": "new"},
    },
    ":continue": {"message": "Go on.", "enqueue": True},
    "continue": {"message": "Go on.", "enqueue": True},
    ":setContent": {"content": [{"type": "text", "text": {"text": "Here."}}]},
    "feedback": {"data": {"score": 1}},
}


def body_for(template: str, things: Mapping[str, str]) -> Any:
    """The body for a path, by its verb, else by its last segment; `{}` where none is needed."""
    last = template.rpartition("/")[2]
    verb = ":" + last.rpartition(":")[2]
    return _filled(BODIES.get(last) or BODIES.get(verb) or {}, things)


def things_of(actor: Actor) -> dict[str, str]:
    """One thing of each kind in the actor's workspace, as paths spell it."""
    made = {"space": actor.space, "created_by": actor.principal}
    tool_set = make_tool_set(**made)
    tool = make_tool(tool_set=tool_set)
    agent = make_published_agent(actor, tool)
    objective = begin_objective(actor, agent)
    call = ask_for(objective, tool.function_name, approval=ApprovalStatus.WAITING_FOR_APPROVAL)
    queued = QueuedAction.objects.create(
        objective=objective, kind=ActionKind.USER_MESSAGE, content="Next.", created_at=NOW, **made
    )
    key = make_provider_key(provider=Provider.OPENAI, credential={"apiKey": "k"}, **made)
    api_key = {"principal": actor.principal, "permissions": ["*"], "now": NOW}
    create_key(name="First key", spaces=None, is_default=True, **api_key)  # of the account
    return {
        "workspace_id": spell(Prefix.WORKSPACE, actor.space.id),
        "agent_id": spell(Prefix.AGENT, agent.id),
        "variation_id": spell(Prefix.VARIATION, agent.variations.get().id),
        "assignment_id": spell(Prefix.ASSIGNMENT, Assignment.objects.get(tool=tool).id),
        "tool_set_id": spell(Prefix.TOOL_SET, tool_set.id),
        "tool_id": spell(Prefix.TOOL, tool.id),
        "secrets/secret_id": spell(Prefix.TOOL_SET_SECRET, make_secret(tool_set=tool_set, **made).id),
        "workspace_secrets/secret_id": spell(Prefix.WORKSPACE_SECRET, make_secret(**made).id),
        "objective_id": spell(Prefix.OBJECTIVE, objective.id),
        "tool_call_id": spell(Prefix.TOOL_CALL, call.id),
        "queued_action_id": spell(Prefix.QUEUED_ACTION, queued.id),
        "provider_key_id": spell(Prefix.PROVIDER_KEY, key.id),
        "model_id": spell(Prefix.MODEL, make_model(provider_key=key).id),
        "key_id": spell(Prefix.API_KEY, create_key(name="k", spaces=[actor.space], **api_key)[0].id),
        "thing_id": spell(Prefix.ACTOR, actor.principal.id),
        "entry_id": spell(Prefix.ACTOR, actor.principal.id),
    }


def unknown_things(things: Mapping[str, str]) -> dict[str, str]:
    """The same names and kinds of ids, of things that do not exist; the workspace stays."""
    return {
        name: value if name == "workspace_id" else spell(_prefix(value), unknown_id())
        for name, value in things.items()
    }


def _prefix(value: str) -> Prefix:
    return Prefix(value.rpartition("_")[0])


def _filled(body: Any, things: Mapping[str, str]) -> Any:
    if isinstance(body, dict):
        return {name: _filled(value, things) for name, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, things) for value in body]
    if isinstance(body, str) and body.startswith("{"):
        return things[body.strip("{}")]
    return body
