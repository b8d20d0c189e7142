"""What the verbs and lists of the workspace API need, by kind of thing."""

from typing import Final

READ_AGENTS: Final = "agents:read"
MANAGE_AGENTS: Final = "agents:manage"  # variations and what they may call included
READ_TOOLS: Final = "tools:read"
MANAGE_TOOLS: Final = "tools:manage"
MANAGE_SECRETS: Final = "secrets:manage"  # to list them too: their names tell enough
READ_MODELS: Final = "models:read"
MANAGE_MODELS: Final = "models:manage"  # and the keys of their providers
READ_OBJECTIVES: Final = "objectives:read"
MANAGE_OBJECTIVES: Final = "objectives:manage"
READ_API_KEYS: Final = "api_keys:read"
MANAGE_API_KEYS: Final = "api_keys:manage"
MANAGE_ACCOUNT: Final = "account:manage"
