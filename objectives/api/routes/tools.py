"""The routes of tool sets, tools and secrets."""

from typing import Any

from django.urls import path

from objectives.api.secrets import ToolSetSecretViewSet, WorkspaceSecretViewSet
from objectives.api.tools import ToolViewSet
from objectives.api.toolsets import ToolSetViewSet

SETS = "workspaces/<ref:workspace_id>/tool_sets"
SET = f"{SETS}/<ref:tool_set_id>"
TOOL = f"{SET}/tools/<ref:tool_id>"
SECRETS = "workspaces/<ref:workspace_id>/workspace_secrets"
MANY: dict[str, Any] = {"get": "list", "post": "create"}
ONE: dict[str, Any] = {"get": "retrieve", "patch": "update", "delete": "destroy"}

urlpatterns = [
    path(SETS, ToolSetViewSet.as_view(MANY)),
    path(f"{SET}:archive", ToolSetViewSet.as_view({"post": "archive"})),
    path(f"{SET}:unarchive", ToolSetViewSet.as_view({"post": "unarchive"})),
    path(SET, ToolSetViewSet.as_view(ONE)),
    path(f"{SET}/events", ToolSetViewSet.as_view({"get": "events"})),
    path(f"{SET}/openapi_spec", ToolSetViewSet.as_view({"get": "openapi_spec"})),
    path(f"{SET}/usage", ToolSetViewSet.as_view({"get": "usage"})),
    path(f"{SET}/secrets", ToolSetSecretViewSet.as_view(MANY)),
    path(f"{SET}/secrets/<ref:secret_id>", ToolSetSecretViewSet.as_view(ONE)),
    path(f"{SET}/tools", ToolViewSet.as_view(MANY)),
    path(f"{TOOL}:omit", ToolViewSet.as_view({"post": "omit"})),
    path(f"{TOOL}:restore", ToolViewSet.as_view({"post": "restore"})),
    path(TOOL, ToolViewSet.as_view(ONE)),
    path(SECRETS, WorkspaceSecretViewSet.as_view(MANY)),
    path(f"{SECRETS}/<ref:secret_id>", WorkspaceSecretViewSet.as_view(ONE)),
]
