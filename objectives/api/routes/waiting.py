"""The route of the queue of what waits."""

from django.urls import URLPattern, path

from objectives.api.waiting import WaitingViewSet as Waiting

urlpatterns: list[URLPattern] = [
    path("workspaces/<ref:workspace_id>/waiting", Waiting.as_view({"get": "list"})),
]
