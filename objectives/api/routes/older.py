"""Addresses that only older clients know; not described, since nothing new should use them."""

from typing import Any

from django.urls import URLPattern, path

from objectives.api.objectives import ObjectiveViewSet as Objectives
from objectives.api.older import AssignmentViewSet, GlobalKeyViewSet, WorkspaceKeyViewSet
from objectives.api.routes.objectives import CALL, ONE
from objectives.api.toolcalls import ToolCallViewSet as Calls
from objectives.api.variations import VariationViewSet

_VARIATION = "workspaces/<ref:workspace_id>/agents/<ref:agent_id>/variations/<ref:variation_id>"
_LAYERS = f"{_VARIATION}/memory_layer_assignments"
_KEYS = "workspaces/<ref:workspace_id>/api_keys"
_KEY = f"{_KEYS}/<ref:key_id>"
_GLOBAL_KEY = "account/global_api_key"
_VERBS = ("enable", "disable", "rotate")
_KEY_ITSELF: Any = {"get": "retrieve", "patch": "update", "delete": "destroy"}
_LAYER: Any = {"patch": "update_memory_layer", "delete": "remove_memory_layer"}

urlpatterns: list[URLPattern] = [
    # Before June 2026.
    path(f"{CALL}/approve", Calls.as_view({"post": "approve", "put": "approve"})),
    path(f"{CALL}/deny", Calls.as_view({"post": "deny", "put": "deny"})),
    path(f"{ONE}/cancel", Objectives.as_view({"post": "cancel"})),
    path(f"{ONE}/continue", Objectives.as_view({"post": "continue_"})),
    path(f"{ONE}/compact", Objectives.as_view({"post": "compact"})),
    # Before 1.2.
    path(f"{_VARIATION}/assignments", AssignmentViewSet.as_view({"post": "create"})),
    path(f"{_VARIATION}/assignments/<ref:assignment_id>", AssignmentViewSet.as_view({"delete": "destroy"})),
    path(_LAYERS, VariationViewSet.as_view({"post": "add_memory_layer"})),
    path(f"{_LAYERS}/<ref:thing_id>", VariationViewSet.as_view(_LAYER)),
    # Before 1.8.
    path(_KEYS, WorkspaceKeyViewSet.as_view({"get": "list", "post": "create"})),
    *(path(f"{_KEY}:{verb}", WorkspaceKeyViewSet.as_view({"post": verb})) for verb in _VERBS),
    path(_KEY, WorkspaceKeyViewSet.as_view(_KEY_ITSELF)),
    *(path(f"{_GLOBAL_KEY}:{verb}", GlobalKeyViewSet.as_view({"post": verb})) for verb in _VERBS),
    path(_GLOBAL_KEY, GlobalKeyViewSet.as_view({"get": "retrieve"})),
]
