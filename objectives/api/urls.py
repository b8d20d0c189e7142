"""The routes of the workspace API, below `/v1/`: one line a group."""

from django.urls import URLPattern, URLResolver, path

from objectives.api.profiles import ProfileViewSet
from objectives.api.routes import agents, objectives, tools

urlpatterns: list[URLPattern | URLResolver] = [
    path("whoami", ProfileViewSet.as_view({"get": "whoami"})),
    *agents.urlpatterns,
    *objectives.urlpatterns,
    *objectives.older,
    *tools.urlpatterns,
]
