"""The routes of executions, skills, tools and artifacts, below a space."""

from django.urls import URLPattern, path, register_converter

from executions.api.artifacts import ArtifactViewSet
from executions.api.executions import ExecutionViewSet
from executions.api.lookup import LookupViewSet
from executions.api.skills import SkillViewSet
from executions.api.tools import ToolViewSet


class WholeRest:
    """Everything that is left of the path, slashes and line ends included: ids that a model made up."""

    regex = r"(?s:.+)"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(WholeRest, "rest")

# Literal segments stand before the ids that they would otherwise be taken for.
urlpatterns: list[URLPattern] = [
    path(
        "skills/executions/by-chat-tool-call/<rest:tool_call_id>", LookupViewSet.as_view({"get": "retrieve"})
    ),
    path("skills/executions", ExecutionViewSet.as_view({"get": "list"})),
    path(
        "skills/executions/<str:execution_id>",
        ExecutionViewSet.as_view({"get": "retrieve"}),
        name="execution",
    ),
    path("skills/executions/<str:execution_id>/cancel", ExecutionViewSet.as_view({"post": "cancel"})),
    path("skills/executions/<str:execution_id>/retry", ExecutionViewSet.as_view({"post": "retry"})),
    path("skills/executions/<str:execution_id>/artifacts", ExecutionViewSet.as_view({"get": "artifacts"})),
    path(
        "skills/executions/<str:execution_id>/archive",
        ExecutionViewSet.as_view({"get": "archive"}),
        name="execution-archive",
    ),
    path("skills", SkillViewSet.as_view({"get": "list"})),
    path("skills/<str:slug>", SkillViewSet.as_view({"get": "retrieve"})),
    path("skills/<str:slug>/executions", SkillViewSet.as_view({"post": "start"})),
    path("tools", ToolViewSet.as_view({"get": "list"})),
    path("tools/<str:tool_name>/execute", ToolViewSet.as_view({"post": "execute"})),
    path(
        "artifacts/<str:artifact_id>/download",
        ArtifactViewSet.as_view({"get": "download"}),
        name="artifact-download",
    ),
]
