"""The routes of executions, skills, tools and artifacts, below a space."""

from django.urls import URLPattern, path, register_converter

from executions.api.lookup import LookupViewSet


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
        "skills/executions/by-chat-tool-call/<rest:tool_call_id>",
        LookupViewSet.as_view({"get": "retrieve"}),
        name="execution-by-tool-call",
    ),
]
