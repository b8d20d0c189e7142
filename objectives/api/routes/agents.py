"""The routes of agents, of their variations, and of what came of their work."""

from typing import Any

from django.urls import path

from objectives.api.agent_records import AgentRecordsViewSet
from objectives.api.agents import AgentViewSet
from objectives.api.variations import VariationViewSet

_AGENTS = "workspaces/<ref:workspace_id>/agents"
_AGENT = f"{_AGENTS}/<ref:agent_id>"
_VARIATIONS = f"{_AGENT}/variations"
_VARIATION = f"{_VARIATIONS}/<ref:variation_id>"
_ASSIGNING = {
    "addAssignment": "add_assignment",
    "removeAssignment": "remove_assignment",
    "addMemoryLayer": "add_memory_layer",
    "removeMemoryLayer": "remove_memory_layer",
    "updateMemoryLayer": "update_memory_layer",
}
_ONE: Any = {"get": "retrieve", "patch": "update", "delete": "destroy"}

urlpatterns = [
    path(_AGENTS, AgentViewSet.as_view({"get": "list", "post": "create"})),
    *(
        path(f"{_AGENT}:{verb}", AgentViewSet.as_view({"post": verb}))
        for verb in ("publish", "unpublish", "archive", "unarchive")
    ),
    path(_AGENT, AgentViewSet.as_view(_ONE)),
    path(f"{_AGENT}/feedback", AgentRecordsViewSet.as_view({"get": "list_feedback"})),
    path(f"{_AGENT}/webhook_deliveries", AgentRecordsViewSet.as_view({"get": "list_webhook_deliveries"})),
    path(_VARIATIONS, VariationViewSet.as_view({"get": "list", "post": "create"})),
    *(
        path(f"{_VARIATION}:{verb}", VariationViewSet.as_view({"post": action}))
        for verb, action in _ASSIGNING.items()
    ),
    path(_VARIATION, VariationViewSet.as_view(_ONE)),
]
