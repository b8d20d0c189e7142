"""The OpenAPI document: its settings, and what is added to what the views say."""

from typing import Any

DESCRIPTION = """\
Callboard records what AI agents do: a chat's tool call becomes a **skill execution**, which is found by the
id of the tool call while it still runs, followed live, and kept with its outputs and artifacts.

- Every path below `/v1` is also served below `/api-proxy/v1`.
- Credentials are an API key (`Authorization: Bearer …` or `X-API-Key: …`) or a person's session.
- One object is `{"data": {…}}`, a list `{"data": […], "meta": {"next_cursor", "has_more"}}`.
- Times are RFC 3339 in UTC, costs are decimals as text, every key is always present.
- What belongs to others answers exactly like what does not exist.
"""

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Callboard",
    "VERSION": "1.0.0",
    "DESCRIPTION": DESCRIPTION,
    "OAS_VERSION": "3.1.1",
    "LICENSE": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "TAGS": [
        {
            "name": "executions",
            "description": "Runs of skills: find, list, show, cancel, run again, download.",
        },
        {"name": "skills", "description": "What can be run, and running it."},
        {"name": "tools", "description": "Skills as the tools of a chat."},
        {"name": "live", "description": "Following executions while they run."},
        {"name": "files", "description": "Files to run skills on."},
        {"name": "health", "description": "For load balancers and operators."},
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "PREPROCESSING_HOOKS": ["config.schema_hooks.only_canonical_paths"],
    "POSTPROCESSING_HOOKS": ["config.schema_hooks.with_live_routes", "config.schema_hooks.with_health"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "docExpansion": "list", "persistAuthorization": False},
}
