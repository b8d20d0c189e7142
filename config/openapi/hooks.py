"""What the OpenAPI document gets beside the views: streams, sockets and health."""

import re
from typing import Any

from executions.api.docs.live import live_components, live_paths
from objectives.api.compat import older
from objectives.chat.describing import chat_components, chat_paths

type Document = dict[str, Any]

_LOOKUP = "/v1/spaces/{space_id}/skills/executions/by-chat-tool-call/{tool_call_id}"


def only_canonical_paths(endpoints: list[Any], **_: Any) -> list[Any]:
    """Leave out second addresses: behind a web application's proxy, and those of older clients."""
    old = {f"/v1/{_plain(str(route.pattern))}" for route in older.urlpatterns}
    return [
        endpoint
        for endpoint in endpoints
        if not endpoint[0].startswith("/api-proxy/") and endpoint[0] not in old
    ]


def _plain(route: str) -> str:
    """`<ref:agent_id>` as `{agent_id}`."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)


def with_live_routes(result: Document, **_: Any) -> Document:
    """Add the event stream and the websocket, which are no views."""
    answers = result["paths"][_LOOKUP]["get"]["responses"]
    errors = {status: answer for status, answer in answers.items() if status >= "400"}
    result["paths"].update(live_paths(errors))
    result["paths"].update(chat_paths(errors))
    result["components"]["schemas"].update({**live_components(), **chat_components()})
    result["paths"] = dict(sorted(result["paths"].items()))
    return result


def named_by_resource(result: Document, **_: Any) -> Document:
    """Call `AgentSchema` `Agent`, as DRF does with serializers: how we read bodies is nothing to clients."""
    schemas = {_resource(name): schema for name, schema in result["components"]["schemas"].items()}
    result["components"]["schemas"] = dict(sorted(schemas.items()))
    renamed: Document = _renamed(result)
    return renamed


def _renamed(part: Any) -> Any:
    if isinstance(part, list):
        return [_renamed(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        name: _resource(each) if name in {"$ref", "title"} and isinstance(each, str) else _renamed(each)
        for name, each in part.items()
    }


def _resource(name: str) -> str:
    return re.sub(r"(?<=[a-z])Schema(?=Page$|$)", "", name)


def with_health(result: Document, **_: Any) -> Document:
    """Add the two routes for load balancers."""
    result["components"]["schemas"]["Health"] = _health()
    body = {"application/json": {"schema": {"$ref": "#/components/schemas/Health"}}}
    result["paths"]["/healthz"] = _route(
        "isAlive",
        "Is the process alive",
        "Asks for nothing but an answer: for a load balancer's or a supervisor's liveness check. No key is "
        "needed.",
        {"200": {"description": "It answers.", "content": body}},
    )
    result["paths"]["/readyz"] = _route(
        "isReady",
        "Is the deployment ready",
        "Whether the database answers and every migration is applied, and how many workers were seen: for a "
        "load balancer's readiness check. No key is needed.",
        {
            "200": {"description": "The database answers and is migrated.", "content": body},
            "503": {"description": "It does not, or is not.", "content": body},
        },
    )
    return result


def _route(operation_id: str, summary: str, description: str, responses: Document) -> Document:
    operation = {"operationId": operation_id, "tags": ["health"], "summary": summary}
    return {"get": {**operation, "description": description, "security": [], "responses": responses}}


def _health() -> Document:
    return {
        "type": "object",
        "description": "How the deployment is.",
        "required": ["status"],
        "properties": {
            "status": {"type": "string", "description": "`alive`, `ready`, or what is wrong."},
            "missing": {"type": "integer", "description": "How many migrations are not applied yet."},
            "workers": {"type": "integer", "description": "How many workers were seen within 15 seconds."},
        },
    }
