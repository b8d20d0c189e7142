"""The routes of the objectives group."""

from django.urls import URLPattern, path

from objectives.api.history import HistoryViewSet as History
from objectives.api.media import MediaViewSet as Media
from objectives.api.objectives import ObjectiveViewSet as Objectives
from objectives.api.toolcalls import ToolCallViewSet as Calls

ALL = "workspaces/<ref:workspace_id>/objectives"
ONE = f"{ALL}/<ref:objective_id>"
CALL = f"{ONE}/tool_calls/<ref:tool_call_id>"

urlpatterns: list[URLPattern] = [
    path(ALL, Objectives.as_view({"get": "list", "post": "create"})),
    path(f"{ONE}:cancel", Objectives.as_view({"post": "cancel"})),
    path(f"{ONE}:continue", Objectives.as_view({"post": "continue_"})),
    path(f"{ONE}:compact", Objectives.as_view({"post": "compact"})),
    path(f"{ONE}:interrupt", Objectives.as_view({"post": "interrupt"})),
    path(ONE, Objectives.as_view({"get": "retrieve"})),
    path(f"{ONE}/events", History.as_view({"get": "events"})),
    path(f"{ONE}/context_windows", History.as_view({"get": "windows"})),
    path(f"{ONE}/diagnostics", History.as_view({"get": "diagnostics"})),
    path(f"{ONE}/feedback", History.as_view({"get": "feedback", "post": "create_feedback"})),
    path(f"{ONE}/queued_actions", History.as_view({"get": "queued_actions"})),
    path(
        f"{ONE}/queued_actions/<ref:queued_action_id>:remove",
        Objectives.as_view({"post": "remove_action"}),
    ),
    path(f"{ONE}/tools", History.as_view({"get": "tools"})),
    path(f"{ONE}/tool_calls", Calls.as_view({"get": "list"})),
    path(f"{CALL}:approve", Calls.as_view({"post": "approve"})),
    path(f"{CALL}:deny", Calls.as_view({"post": "deny"})),
    path(f"{CALL}:setContent", Calls.as_view({"post": "set_content"})),
    path(CALL, Calls.as_view({"get": "retrieve"})),
    path("media/<uuid:media_id>", Media.as_view({"get": "retrieve"}), name="media"),
]
