"""Operations that Callboard does not have: they say so, and keep nothing."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern
from rest_framework.response import Response

from objectives.api.describing import NOT_BUILT
from objectives.api.viewsets import AccountViewSet, WorkspaceViewSet
from spaces.api.operations import operation
from spaces.api.permissions import Needs
from spaces.api.routes import route
from spaces.errors import Unimplemented

# By group: its paths, each with what is done by which method. `ws` stands for one workspace.
_MANY, _ONE = {"get": "list", "post": "create"}, {"get": "retrieve", "patch": "update", "delete": "delete"}
_READ_ONE = {"get": "retrieve", "delete": "delete"}
_ID = "<ref:thing_id>"
GROUPS: dict[str, dict[str, dict[str, str]]] = {
    "agent_pools": {
        "ws/agent_pools": _MANY,
        f"ws/agent_pools/{_ID}": _ONE,
        **{
            f"ws/agent_pools/{_ID}:{verb}": {"post": verb}
            for verb in ("activate", "deactivate", "archive", "unarchive")
        },
    },
    "agent_schedules": {
        "ws/agents/<ref:agent_id>/schedules": _MANY,
        f"ws/agents/<ref:agent_id>/schedules/{_ID}": _ONE,
        **{
            f"ws/agents/<ref:agent_id>/schedules/{_ID}:{verb}": {"post": verb}
            for verb in ("archive", "pause", "resume")
        },
    },
    "memory_layers": {"ws/memory_layers": _MANY, f"ws/memory_layers/{_ID}": _ONE},
    "memory_entries": {
        f"ws/memory_layers/{_ID}/entries": _MANY,
        f"ws/memory_layers/{_ID}/entries/<ref:entry_id>": _ONE,
    },
    "tenants": {
        "ws/tenants": {"get": "list"},
        f"ws/tenants/{_ID}": _READ_ONE,
        f"ws/tenants/{_ID}/subjects": {"get": "listSubjects"},
    },
    "tool_search": {"ws/search/tools_or_tool_sets": {"get": "search"}},
    "uploads": {"ws/uploads": {"post": "create"}, f"ws/uploads/{_ID}": {"get": "retrieve"}},
    "widgets": {
        "ws/widgets": _MANY,
        f"ws/widgets/{_ID}": _ONE,
        **{f"ws/widgets/{_ID}:{verb}": {"post": verb} for verb in ("archive", "unarchive")},
    },
    "widget_sessions": {
        "ws/widget_sessions": {**_MANY, "delete": "deleteTenant"},
        f"ws/widget_sessions/{_ID}": _READ_ONE,
        f"ws/widget_sessions/{_ID}:revoke": {"post": "revoke"},
    },
    "trusted_endpoints": {
        "account/trusted_endpoints": _MANY,
        f"account/trusted_endpoints/{_ID}": _READ_ONE,
        "account/trusted_endpoints:verify": {"post": "verify"},
    },
    "workspace_admin": {
        "account/profiles": {"get": "listProfiles"},
        "account/workspaces": _MANY,
        "account/workspaces/<ref:workspace_id>": {"get": "retrieve", "patch": "update", "delete": "archive"},
        "account/workspaces/<ref:workspace_id>/members": {"get": "listMembers", "post": "addMember"},
        f"account/workspaces/<ref:workspace_id>/members/{_ID}": {"delete": "removeMember"},
    },
}
# What a key must be permitted, by group: whoever may not use a thing is not told whether there is one.
RESOURCES: dict[str, str] = {
    "agent_pools": "agents",
    "agent_schedules": "agents",
    "memory_layers": "memory",
    "memory_entries": "memory",
    "tenants": "objectives",
    "tool_search": "tools",
    "uploads": "files",
    "widgets": "widgets",
    "widget_sessions": "widget_sessions",
    "trusted_endpoints": "account",
    "workspace_admin": "workspaces",
}
ONLY_MANAGED = {"account"}
_WORKSPACE = "workspaces/<ref:workspace_id>"


def routes() -> list[URLPattern]:
    """Verbs before ids, since an id may hold anything."""
    paths = [
        (template, group, actions) for group, found in GROUPS.items() for template, actions in found.items()
    ]
    paths.sort(key=lambda one: ":" not in one[0].rpartition(">")[2])
    return [_route(template, group, actions) for template, group, actions in paths]


def _route(template: str, group: str, actions: dict[str, str]) -> URLPattern:
    """One viewset a path: whatever is asked, the caller, the workspace and the permission come first."""
    above: type[AccountViewSet] = WorkspaceViewSet if template.startswith("ws/") else AccountViewSet
    address = template.replace("ws/", f"{_WORKSPACE}/", 1) if above is WorkspaceViewSet else template
    methods: dict[str, Any] = {action: _described(f"{group}.{action}") for action in actions.values()}
    needs = Needs.by_action(_permission(group, "get"), _permission(group, "post"))
    viewset: Any = type(
        f"NotBuilt{group.title().replace('_', '')}", (above,), {**methods, "permission_classes": (needs,)}
    )
    return route(address, viewset, **actions)


def _permission(group: str, method: str) -> str:
    resource = RESOURCES[group]
    return f"{resource}:{'read' if method == 'get' and resource not in ONLY_MANAGED else 'manage'}"


def _described(name: str) -> Callable[..., Response]:
    def refuse(*_: Any, **__: str) -> Response:
        raise Unimplemented(f"{name} is not built.")

    described: Callable[..., Response] = operation(
        name,
        f"Not built: {name}",
        tag=NOT_BUILT,
        description="It answers 501 with code 12, whatever it is asked with, and keeps nothing.",
        is_built=False,
    )(refuse)
    return described


urlpatterns = routes()
