"""The OpenAPI document: its settings, and what is added to what the views say."""

from typing import Any

from config.version import VERSION

DESCRIPTION = """\
Callboard records what AI agents do: a chat's tool call becomes a **skill execution**, which is found by the
id of the tool call while it still runs, followed live, and kept with its outputs and artifacts.
**Objectives** are what agents work on; their tool calls wait for people where people are to decide.

- Every path below `/v1` is also served below `/api-proxy/v1`.
- Credentials are an API key (`Authorization: Bearer …` or `X-API-Key: …`), a person's session or, for one
  thing and what lies in it, a ticket (`?ticket=…`, from `POST /v1/tickets`).
- What belongs to others answers exactly like what does not exist.

Two APIs show one record, and either's ids are the other's in another spelling:

| | Space API | Workspace API |
|---|---|---|
| paths | `/v1/spaces/…`, `/v1/files/`, `/v1/tickets` | `/v1/workspaces/…`, `/v1/account…`, `/v1/whoami` |
| what it is for | executions, skills, files | objectives, agents, tools and what they need |
| a space | `space_id`, a UUID | `workspaceId`, `workspace_…` |
| names | `snake_case` | `camelCase` |
| one object | `{"data": {…}}` | `{"metadata": {…}, "data" or "spec": {…}, "info": {…}}` |
| a list | `{"data": […], "meta": {"next_cursor", …}}` | `{"items": […], "pagination": {"nextCursor"}}` |
| an error | `{"detail": …}` | `{"code", "message", "details"}`, as `google.rpc.Status` |

Times are RFC 3339 in UTC, costs are decimals as text, and in the space API every key is always present.
"""

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Callboard",
    "VERSION": VERSION,
    "DESCRIPTION": DESCRIPTION,
    "OAS_VERSION": "3.1.1",
    "LICENSE": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "TAGS": [
        {
            "name": "executions",
            "description": "Runs of skills: find, list, show, cancel, run again, download.",
        },
        {"name": "skills", "description": "What can be run, and running it."},
        {"name": "chat", "description": "Threads, their messages, and turns as streams."},
        {"name": "live", "description": "Following executions while they run."},
        {"name": "files", "description": "Files to run skills on."},
        {"name": "profiles", "description": "Workspace API: who is calling."},
        {"name": "accounts", "description": "Workspace API: the account and its webhook secrets."},
        {"name": "workspaces", "description": "Workspace API: the workspaces of an account."},
        {"name": "api_keys", "description": "Workspace API: keys, and which workspaces they reach."},
        {"name": "agents", "description": "Workspace API: who works on objectives."},
        {"name": "agent_variations", "description": "Workspace API: the ways in which an agent works."},
        {"name": "tool_sets", "description": "Workspace API: tools that share an adapter."},
        {
            "name": "tools",
            "description": "Workspace API: what agents may call; in a space, skills as a chat's tools.",
        },
        {"name": "secrets", "description": "Workspace API: values that go into requests and never come out."},
        {"name": "models", "description": "Workspace API: language models."},
        {"name": "ai_provider_keys", "description": "Workspace API: how models are reached."},
        {
            "name": "objectives",
            "description": "Workspace API: agent runs, their tool calls and their events.",
        },
        {"name": "health", "description": "For load balancers and operators."},
        # Last, so that nobody reads through it on the way to something that works.
        {
            "name": "not_built",
            "description": "Workspace API: what clients know and this server does not have. Most answer 501.",
        },
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "ticket": {
                "type": "apiKey",
                "in": "query",
                "name": "ticket",
                "description": "A ticket for one thing, from `POST /v1/tickets`, for what it is for.",
            }
        }
    },
    "SCHEMA_PATH_PREFIX": "/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "PREPROCESSING_HOOKS": ["config.openapi.hooks.only_canonical_paths"],
    "POSTPROCESSING_HOOKS": [
        "config.openapi.hooks.with_live_routes",
        "config.openapi.hooks.with_health",
        "config.openapi.hooks.named_by_resource",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # As JavaScript: the last tag is folded by a function (swagger.js).
    "SWAGGER_UI_SETTINGS": """{
        deepLinking: true,
        docExpansion: "list",
        persistAuthorization: false,
        onComplete: () => foldWhatIsNotBuilt(ui),
    }""",
}
