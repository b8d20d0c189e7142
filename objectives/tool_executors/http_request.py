"""From a tool's templates, a call's arguments and secrets to the request that is sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import SecretStr

from objectives.ids import Prefix, spell
from objectives.liquid.templates import TemplateMissing, fill, names_in, secret_names
from objectives.models import ToolCall
from objectives.planning.plan import Offered
from spaces.errors import Invalid

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
JSON_TYPE = "application/json"


class RequestInvalid(Exception):
    """The templates and arguments give no request; the message says why, without a value of either."""


@dataclass(frozen=True, slots=True)
class HttpToolRequest:
    """What is sent. `secrets` are the values in it, which nothing that comes back may repeat."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    secrets: Mapping[str, SecretStr] = field(repr=False)


def wanted_secrets(offered: Offered) -> set[str]:
    """The names of the secrets that a tool's templates use, in capitals."""
    config = offered.config
    return secret_names(
        offered.base_url,
        *offered.headers.values(),
        *config.get("headers", {}).values(),
        *(str(config.get(name) or "") for name in ("path", "query", "requestBodyTemplate")),
    )


def build_request(call: ToolCall, offered: Offered, secrets: Mapping[str, SecretStr]) -> HttpToolRequest:
    """The request of a call; raises RequestInvalid."""
    values = {name: secret.get_secret_value() for name, secret in secrets.items()}
    try:
        return _filled(call, offered, values, secrets)
    except (TemplateMissing, Invalid):
        problem = _problem(call, offered, secrets)
    raise RequestInvalid(problem)


def _problem(call: ToolCall, offered: Offered, secrets: Mapping[str, SecretStr]) -> str:
    """Why the templates cannot be filled: tried again without the values, which an error may quote."""
    cannot = "The tool's template cannot be filled"
    try:
        _filled(call, offered, {name: f"[secret {name}]" for name in secrets}, secrets)
    except TemplateMissing as missing:
        return f"{cannot}: {missing}."
    except Invalid as invalid:
        return f"{cannot}: {invalid.message}"
    except RequestInvalid:
        pass  # what is wrong without the values is not what was wrong with them
    return f"{cannot}."


def _filled(
    call: ToolCall, offered: Offered, values: Mapping[str, str], secrets: Mapping[str, SecretStr]
) -> HttpToolRequest:
    """The request with these values of secrets; raises TemplateMissing, Invalid and RequestInvalid."""
    config = offered.config
    method = str(config.get("requestMethod") or "GET")
    shown = {**values, **{name.lower(): value for name, value in values.items()}}
    plain = {**call.arguments, "arguments": call.arguments, "secrets": shown}
    quoted = _quoted(call.arguments)
    in_url = {**quoted, "arguments": quoted, "secrets": shown}
    url = _url(offered, in_url, call.arguments, method=method)
    headers = _headers(offered, plain, call)
    body = _body(config, plain, call.arguments, method=method)
    if body is not None:
        headers.setdefault("Content-Type", str(config.get("requestBodyContentType") or JSON_TYPE))
    return HttpToolRequest(method, url, headers, body, secrets)


def _url(offered: Offered, values: Mapping[str, Any], arguments: Mapping[str, Any], *, method: str) -> str:
    """Values stand percent-encoded in path and query: an argument cannot lead to another address."""
    path_template = str(offered.config.get("path") or "")
    base = fill(offered.base_url, values, strict=True).rstrip("/")
    path = fill(path_template, values, strict=True)
    if not base.startswith(("https://", "http://")):
        raise RequestInvalid("The tool set's URL must be http or https.")
    url = base + ("" if not path or path.startswith(("/", "?")) else "/") + path
    query = fill(str(offered.config.get("query") or ""), values, strict=True).lstrip("?")
    if not query and method not in _WITH_BODY and not offered.config.get("query"):
        named = names_in(path_template) | names_in(offered.base_url)
        query = urlencode({key: _text(part) for key, part in arguments.items() if key not in named})
    return url + (("&" if "?" in url else "?") + query if query else "")


def _headers(offered: Offered, values: Mapping[str, Any], call: ToolCall) -> dict[str, str]:
    objective, call_id = call.objective, spell(Prefix.TOOL_CALL, call.id)
    headers = {
        "Accept": "application/json, text/*;q=0.9, */*;q=0.5",
        "User-Agent": "Callboard",
        # Whoever repeats a call that was cut off says so by this.
        "Idempotency-Key": call_id,
        "x-cadenya-tool-call-id": call_id,
        "x-cadenya-objective-id": spell(Prefix.OBJECTIVE, call.objective_id),
        "x-cadenya-agent-id": spell(Prefix.AGENT, objective.agent_id),
        "x-cadenya-agent-variation-id": objective.variation_snapshot["metadata"]["id"],
    }
    for name, template in {**offered.headers, **offered.config.get("headers", {})}.items():
        value = fill(str(template), values, strict=True)
        if not (name + value).isascii() or not (name + value).isprintable():
            raise RequestInvalid(f"The header {name[:100]!r} holds what no header may.")
        headers[name] = value
    return headers


def _body(
    config: Mapping[str, Any], values: Mapping[str, Any], arguments: Mapping[str, Any], *, method: str
) -> bytes | None:
    """The filled template, or all arguments as JSON where there is none; nothing for GET and DELETE."""
    template = config.get("requestBodyTemplate")
    if template:
        return fill(str(template), values, strict=True).encode()
    return _json(arguments).encode() if method in _WITH_BODY else None


def _quoted(value: Any) -> Any:
    """The same JSON with every text safe inside one segment of an address."""
    if isinstance(value, str):
        return quote(value, safe="") if value not in {".", ".."} else quote(value).replace(".", "%2E")
    if isinstance(value, Mapping):
        return {key: _quoted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_quoted(item) for item in value]
    return value


def _json(value: Any) -> str:
    """Compact JSON; not by orjson, which knows no integer of more than 64 bits."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)
