"""The routes of agents."""

from django.urls import path

from objectives.api.agents import AgentViewSet

_AGENTS = "workspaces/<ref:workspace_id>/agents"
_AGENT = f"{_AGENTS}/<ref:agent_id>"

urlpatterns = [
    path(_AGENTS, AgentViewSet.as_view({"get": "list", "post": "create"})),
    *(
        path(f"{_AGENT}:{verb}", AgentViewSet.as_view({"post": verb}))
        for verb in ("publish", "unpublish", "archive", "unarchive")
    ),
    path(_AGENT, AgentViewSet.as_view({"get": "retrieve", "patch": "update", "delete": "destroy"})),
]
