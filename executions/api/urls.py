"""The routes of the space API, below `/v1/`."""

from django.urls import URLPattern, URLResolver, include, path

from executions.api.artifacts import ArtifactViewSet
from executions.api.executions import ExecutionViewSet
from executions.api.lookup import LookupViewSet
from executions.api.skills import SkillViewSet
from executions.api.tools import SkillToolViewSet
from spaces.api.files import FileViewSet
from spaces.api.markdown import MarkdownViewSet
from spaces.api.routes import route, verbs
from spaces.api.tickets import TicketViewSet

EXECUTIONS = "skills/executions"
EXECUTION = f"{EXECUTIONS}/<str:execution_id>"

# Literal segments stand before the ids that they would otherwise be taken for.
_of_space: list[URLPattern] = [
    route(f"{EXECUTIONS}/by-chat-tool-call/<rest:tool_call_id>", LookupViewSet, get="retrieve"),
    route(EXECUTIONS, ExecutionViewSet, get="list"),
    route(EXECUTION, ExecutionViewSet, name="execution", get="retrieve"),
    *verbs(EXECUTION, ExecutionViewSet, "cancel", "retry", mark="/"),
    route(f"{EXECUTION}/artifacts", ExecutionViewSet, get="artifacts"),
    route(f"{EXECUTION}/archive", ExecutionViewSet, name="execution-archive", get="archive"),
    route("skills", SkillViewSet, get="list"),
    route("skills/<str:slug>", SkillViewSet, get="retrieve"),
    route("skills/<str:slug>/executions", SkillViewSet, post="start"),
    route("tools", SkillToolViewSet, get="list"),
    route("tools/<str:tool_name>/execute", SkillToolViewSet, post="execute"),
    route("artifacts/<str:artifact_id>/download", ArtifactViewSet, name="artifact-download", get="download"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("spaces/<space:space_id>/", include(_of_space)),
    route("files/", FileViewSet, post="create"),
    route("tickets", TicketViewSet, post="create"),
    route("markdown", MarkdownViewSet, post="create"),
]
