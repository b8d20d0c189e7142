"""The routes of the workspace API, below `/v1/`."""

from django.urls import URLPattern, URLResolver

import objectives.api.references  # noqa: F401 - the converter `ref`, before any path is made
from objectives.api.accounts import TheAccountViewSet
from objectives.api.agent_records import AgentRecordsViewSet
from objectives.api.agents import AgentViewSet
from objectives.api.api_keys import ApiKeyViewSet
from objectives.api.compat import not_built, older
from objectives.api.history import HistoryViewSet
from objectives.api.media import MediaViewSet
from objectives.api.models import ModelViewSet
from objectives.api.objectives import ObjectiveViewSet
from objectives.api.profiles import ProfileViewSet
from objectives.api.provider_keys import ProviderKeyViewSet
from objectives.api.secrets import ToolSetSecretViewSet, WorkspaceSecretViewSet
from objectives.api.toolcalls import ToolCallViewSet
from objectives.api.tools import ToolViewSet
from objectives.api.toolsets import ToolSetViewSet
from objectives.api.variations import VariationViewSet
from objectives.api.waiting import WaitingViewSet
from objectives.api.workspace_list import WorkspaceListViewSet
from spaces.api.routes import resource, route, verbs

WORKSPACE = "workspaces/<ref:workspace_id>"
OBJECTIVES = f"{WORKSPACE}/objectives"
OBJECTIVE = f"{OBJECTIVES}/<ref:objective_id>"
CALL = f"{OBJECTIVE}/tool_calls/<ref:tool_call_id>"
AGENTS = f"{WORKSPACE}/agents"
AGENT = f"{AGENTS}/<ref:agent_id>"
TOOL_SETS = f"{WORKSPACE}/tool_sets"
TOOL_SET = f"{TOOL_SETS}/<ref:tool_set_id>"
PROVIDER_KEYS = f"{WORKSPACE}/ai_provider_keys"
MODELS = f"{WORKSPACE}/models"
MODEL = f"{MODELS}/<ref:model_id>"
API_KEY_VERBS = ("enable", "disable", "rotate", "reveal", "addWorkspace", "removeWorkspace")
ASSIGNING = ("addAssignment", "removeAssignment", "addMemoryLayer", "removeMemoryLayer", "updateMemoryLayer")

urlpatterns: list[URLPattern | URLResolver] = [
    # First what is asked for most: they are found in this order.
    route(OBJECTIVES, ObjectiveViewSet, get="list", post="create"),
    *verbs(OBJECTIVE, ObjectiveViewSet, "cancel", "continue", "compact", "interrupt"),
    route(OBJECTIVE, ObjectiveViewSet, get="retrieve"),
    route(f"{OBJECTIVE}/events", HistoryViewSet, get="events"),
    route(f"{OBJECTIVE}/context_windows", HistoryViewSet, get="windows"),
    route(f"{OBJECTIVE}/diagnostics", HistoryViewSet, get="diagnostics"),
    route(f"{OBJECTIVE}/feedback", HistoryViewSet, get="feedback", post="create_feedback"),
    route(f"{OBJECTIVE}/queued_actions", HistoryViewSet, get="queued_actions"),
    *verbs(f"{OBJECTIVE}/queued_actions/<ref:queued_action_id>", ObjectiveViewSet, "remove"),
    route(f"{OBJECTIVE}/tools", HistoryViewSet, get="tools"),
    route(f"{OBJECTIVE}/tool_calls", ToolCallViewSet, get="list"),
    *verbs(CALL, ToolCallViewSet, "approve", "deny", "setContent"),
    route(CALL, ToolCallViewSet, get="retrieve"),
    route("media/<uuid:media_id>", MediaViewSet, name="media", get="retrieve"),
    route(f"{WORKSPACE}/waiting", WaitingViewSet, get="list"),
    # Above all workspaces.
    route("whoami", ProfileViewSet, get="whoami"),
    route("workspaces", WorkspaceListViewSet, get="list"),
    route("account", TheAccountViewSet, get="retrieve"),
    *verbs("account", TheAccountViewSet, "rotateChallengeToken", "rotateWebhookSigningKey"),
    *resource("account/api_keys", "ref:key_id", ApiKeyViewSet, does=API_KEY_VERBS),
    # Who works, and how.
    *resource(AGENTS, "ref:agent_id", AgentViewSet, does=("publish", "unpublish", "archive", "unarchive")),
    route(f"{AGENT}/feedback", AgentRecordsViewSet, get="list_feedback"),
    route(f"{AGENT}/webhook_deliveries", AgentRecordsViewSet, get="list_webhook_deliveries"),
    *resource(f"{AGENT}/variations", "ref:variation_id", VariationViewSet, does=ASSIGNING),
    *resource(PROVIDER_KEYS, "ref:provider_key_id", ProviderKeyViewSet),
    route(f"{PROVIDER_KEYS}/<ref:provider_key_id>/models", ModelViewSet, post="create"),
    *verbs(MODELS, ModelViewSet, "swapModelOnVariations"),
    route(MODELS, ModelViewSet, get="list"),
    *verbs(MODEL, ModelViewSet, "enable", "disable"),
    route(MODEL, ModelViewSet, get="retrieve", patch="update"),
    *older.urlpatterns,
    # What they work with.
    *resource(TOOL_SETS, "ref:tool_set_id", ToolSetViewSet, does=("archive", "unarchive")),
    route(f"{TOOL_SET}/events", ToolSetViewSet, get="events"),
    route(f"{TOOL_SET}/openapi_spec", ToolSetViewSet, get="openapi_spec"),
    route(f"{TOOL_SET}/usage", ToolSetViewSet, get="usage"),
    *resource(f"{TOOL_SET}/secrets", "ref:secret_id", ToolSetSecretViewSet),
    *resource(f"{TOOL_SET}/tools", "ref:tool_id", ToolViewSet, does=("omit", "restore")),
    *resource(f"{WORKSPACE}/workspace_secrets", "ref:secret_id", WorkspaceSecretViewSet),
    *not_built.urlpatterns,
]
