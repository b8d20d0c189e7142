"""Examples of what the space API answers with, as the document shows them."""

from typing import Any

_ID = "01a203d7-a422-7298-af07-d721b3287b2b"
_SPACE = "01a203d7-0c11-7d0e-8a5e-4f6f1c2b9a10"
ARTIFACT: dict[str, Any] = {
    "artifact_id": "01a203d8-1b70-7c55-9d3a-2f1e6f0a7c41",
    "relpath_in_workspace": "outputs/chart.png",
    "document_type": "chart",
    "download_url": f"https://callboard.example/v1/spaces/{_SPACE}/artifacts/"
    "01a203d8-1b70-7c55-9d3a-2f1e6f0a7c41/download?token=…",
    "size_bytes": 48213,
}
_SUMMARY: dict[str, Any] = {
    "id": _ID,
    "tenant_id": "01a203d6-ff02-7a41-b6c8-0d9e5b7a1c22",
    "space_id": _SPACE,
    "principal_id": "01a203d7-0000-7c3e-9b1d-6a2f8e4d5c33",
    "skill_slug": "csv-profile",
    "skill_version": "1.0.0",
    "source": "chat",
    "state": "succeeded",
    "parent_execution_id": None,
    "created_at": "2026-11-22T12:00:00.125Z",
    "started_at": "2026-11-22T12:00:00.310Z",
    "finished_at": "2026-11-22T12:00:04.430Z",
    "failure_reason": None,
    "resource_usage": {
        "input_tokens": 1250,
        "output_tokens": 310,
        "cost_usd": "0.0184",
        "wallclock_ms": 4120,
        "iteration_count": 2,
    },
}
LISTED: dict[str, Any] = {**_SUMMARY, "chat_tool_call_id": "call_Zx81"}
SUCCEEDED: dict[str, Any] = {
    **_SUMMARY,
    "inputs": {"question": "Which month sold most?"},
    "outputs": {"answer": "November, with 1,204 orders."},
    "error": None,
    "artifacts": [ARTIFACT],
    "sub_executions": [],
    "chat_thread_id": "thread_8",
    "chat_message_id": "msg_12",
    "chat_tool_call_id": "call_Zx81",
    "workspace_archive_id": _ID,
    "langfuse_trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "idempotency_key": None,
}
# What of the example above is otherwise before its end.
_UNUSED = {
    "input_tokens": 0,
    "output_tokens": 0,
    "cost_usd": "0",
    "wallclock_ms": None,
    "iteration_count": 0,
}
RUNNING: dict[str, Any] = {
    "state": "running",
    "finished_at": None,
    "outputs": None,
    "artifacts": [],
    "workspace_archive_id": None,
    "resource_usage": _UNUSED,
}
QUEUED: dict[str, Any] = {**RUNNING, "state": "queued", "started_at": None}
CANCELLED: dict[str, Any] = {
    "state": "cancelled",
    "outputs": None,
    "artifacts": [],
}
SKILL: dict[str, Any] = {
    "slug": "csv-profile",
    "description": "Answers a question about a table.",
    "version": "1.0.0",
    "kind": "script",
}
TOOL: dict[str, Any] = {
    "tool_name": "csv-profile",
    "description": "Answers a question about a table.",
    "arguments_schema": {
        "type": "object",
        "properties": {"question": {"type": "string"}},
        "required": ["question"],
    },
}
