"""Examples of what the workspace API is asked and answers, as the document shows them."""

from typing import Any

_ULID = "01M8PY3VK3E2A9FTRCSB64ZZ50"
_AT = "2026-11-22T12:00:00.125000Z"
_ACCOUNT = f"account_{_ULID}"
_WORKSPACE = f"workspace_{_ULID}"
_PROFILE = f"profile_{_ULID}"


def page(item: dict[str, Any]) -> dict[str, Any]:
    """The last page of a list of one."""
    return {"items": [item], "pagination": {"nextCursor": ""}}


def _identity(kind: str, name: str, external_id: str = "") -> dict[str, Any]:
    return {**_operation(kind, external_id), "name": name, "updatedAt": _AT}


def _operation(kind: str, external_id: str = "") -> dict[str, Any]:
    return {
        "id": f"{kind}_{_ULID}",
        "accountId": _ACCOUNT,
        "workspaceId": _WORKSPACE,
        "externalId": external_id,
        "labels": {},
        "profileId": _PROFILE,
        "createdAt": _AT,
    }


def _of_account(kind: str, name: str) -> dict[str, Any]:
    return {
        "id": f"{kind}_{_ULID}",
        "accountId": _ACCOUNT,
        "name": name,
        "externalId": "",
        "labels": {},
        "profileId": _PROFILE,
        "createdAt": _AT,
    }


PROFILE = {
    "metadata": _of_account("profile", "Ada"),
    "spec": {"email": "ada@example.com", "name": "Ada", "type": "PROFILE_TYPE_USER"},
}
WHOAMI = {**PROFILE, "profile": PROFILE, "defaultWorkspace": _of_account("workspace", "Support")}
ACCOUNT = {
    "metadata": _of_account("account", "Example Ltd"),
    "spec": {
        "workspaces": [
            {"metadata": _of_account("workspace", "Support"), "spec": {}, "status": "STATUS_ENABLED"}
        ]
    },
    "info": {"webhookEventsHmacSecret": "whsec_…", "challengeToken": "…"},
}
NEW_API_KEY = {
    "metadata": {"name": "chat server"},
    "spec": {
        "permissions": ["objectives:manage"],
        "workspaceAssignments": [{"workspaceId": _WORKSPACE}],
    },
}
API_KEY = {
    "metadata": _of_account("apikey", "chat server"),
    "spec": {
        "token": "",
        "allWorkspaces": False,
        "workspaceAssignments": [{"workspaceId": _WORKSPACE}],
        "default": False,
        "system": False,
        "description": "",
        "permissions": ["objectives:manage"],
    },
    "state": "STATE_ENABLED",
}
NEW_AGENT = {
    "metadata": {"name": "Support", "externalId": "support"},
    "spec": {"description": "Answers questions about orders."},
    "defaultVariation": {
        "metadata": {"name": "First"},
        "spec": {
            "systemPromptTemplate": "You help {{ customer }}.",
            "modelConfig": {"modelId": f"model_{_ULID}"},
        },
    },
}
AGENT_PATCH = {"spec": {"description": "Answers questions about orders and refunds."}}
AGENT = {
    "metadata": _identity("agent", "Support", "support"),
    "spec": {
        "description": "Answers questions about orders.",
        "variationSelectionMode": "VARIATION_SELECTION_MODE_RANDOM",
    },
    "info": {"variationCount": 1, "createdBy": PROFILE},
    "state": "STATE_PUBLISHED",
}
NEW_VARIATION = {
    "metadata": {"name": "Careful"},
    "spec": {
        "systemPromptTemplate": "You help {{ customer }}. Ask before you refund.",
        "modelConfig": {"modelId": f"model_{_ULID}", "temperature": 0.2},
        "constraints": {"maxToolCalls": 20},
    },
}
NEW_MODEL = {
    "metadata": {"name": "claude"},
    "spec": {
        "providerModelId": "claude-sonnet-4",
        "family": "claude",
        "maxInputTokens": 200000,
        "maxOutputTokens": 64000,
    },
}
_PRICES = {
    "inputPricePerMillionTokens": "300",
    "outputPricePerMillionTokens": "1500",
    "cachedInputPricePerMillionTokens": "30",
}
MODEL = {
    "metadata": _identity("model", "claude"),
    "spec": {
        "provider": "anthropic",
        "family": "claude",
        "maxInputTokens": 200000,
        "maxOutputTokens": 64000,
        "capabilities": [],
        "providerModelId": "claude-sonnet-4",
        **_PRICES,
    },
    "state": "STATE_ENABLED",
    "provenance": "PROVENANCE_MANUALLY_ENTERED",
    "basePricing": _PRICES,
}
MODEL_SWAP = {
    "modelSwaps": [
        {
            "currentModelId": f"model_{_ULID}",
            "nextModelId": "external_id:claude-next",
            "disableCurrentAfterSwap": True,
        }
    ]
}
NEW_PROVIDER_KEY = {
    "metadata": {"name": "Anthropic"},
    "spec": {
        "provider": "anthropic",
        "credentials": {"type": "apiKey", "apiKey": {"apiKey": "sk-…"}},
    },
}
NEW_TOOL_SET = {
    "metadata": {"name": "Shop"},
    "spec": {
        "adapter": {
            "type": "http",
            "http": {
                "baseUrl": "https://shop.example.com/api",
                "headers": {"Authorization": "Bearer {{ secrets.SHOP_KEY }}"},
            },
        }
    },
}
NEW_TOOL = {
    "metadata": {"name": "refund_order"},
    "spec": {
        "description": "Pays an order back.",
        "requiresApproval": True,
        "parameters": {
            "type": "object",
            "properties": {"order": {"type": "string"}},
            "required": ["order"],
        },
        "config": {"type": "http", "http": {"requestMethod": "POST", "path": "/orders/{{ order }}/refund"}},
    },
}
NEW_SECRET = {"metadata": {"name": "SHOP_KEY"}, "spec": {"value": "…"}}
NEW_OBJECTIVE = {
    "agentId": "external_id:support",
    "firstUserMessage": "Please refund order 1204.",
    "systemPromptData": {"customer": "Grace"},
}
OBJECTIVE = {
    "metadata": _operation("obj"),
    "configSnapshot": {"agent": AGENT, "agentVariation": {"metadata": _identity("agentvar", "First")}},
    "state": "OBJECTIVE_STATE_WAITING",
    "stateMessage": "",
    "systemPrompt": "You help Grace.",
    "firstUserMessage": "Please refund order 1204.",
    "parentObjectiveId": "",
    "secrets": [],
    "memoryCascade": [],
    "pinnedParameters": {},
    "systemPromptData": {"customer": "Grace"},
}
CANCEL = {"reason": "The customer called."}
CONTINUE = {"message": "And send a confirmation.", "enqueue": True}
CONTINUED = {
    "type": "queuedAction",
    "queuedAction": {
        "metadata": _operation("objqa"),
        "objectiveId": f"obj_{_ULID}",
        "data": {"type": "userMessage", "userMessage": {"content": "And send a confirmation."}},
        "state": "STATE_QUEUED",
    },
}
FEEDBACK = {"data": {"score": 1, "comment": "Quick and right."}}
TOOL_CALL: dict[str, Any] = {
    "metadata": _operation("toolcall"),
    "data": {
        "callable": {"type": "tool", "tool": {"metadata": _identity("tool", "refund_order")}},
        "arguments": {"order": "1204"},
        "resolvedSecrets": [{"key": "SHOP_KEY", "source": "RESOLVED_SECRET_SOURCE_TOOLSET"}],
    },
    "status": "TOOL_CALL_STATUS_WAITING_FOR_APPROVAL",
    "executionStatus": "TOOL_CALL_EXECUTION_STATUS_PENDING",
}
TOOL_CALL_WITH_RESULT = {**TOOL_CALL, "resolvedSecrets": TOOL_CALL["data"]["resolvedSecrets"]}
DENY = {"memo": "This order was refunded already."}
CONTENT = {"content": [{"type": "text", "text": {"text": "The parcel is at the depot."}}]}
