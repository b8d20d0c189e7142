"""What a tool set and a tool must fulfil when they are written."""

import re
from collections.abc import Mapping

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from executions.catalog.errors import BundleRefused
from executions.catalog.schemas import check_ends, check_references
from objectives.ids import Json
from objectives.liquid.templates import check_template
from objectives.models import AdapterKind
from objectives.schemas.tools import HttpConfig, ToolConfig
from objectives.schemas.toolsets import Adapter, HttpAdapter
from spaces.errors import Invalid, Unimplemented

MOST_HEADERS = 64
NO_PARAMETERS: Json = {"type": "object", "properties": {}}
_ADDRESS = re.compile(r"https?://[^\s/]|\{\{-?\s*secrets\.[A-Za-z_]|\$\{[A-Za-z_]", re.IGNORECASE)
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_FUNCTION = re.compile(r"[^A-Za-z0-9_-]+")
_FUNCTION_CHARACTERS = 64


def check_adapter(adapter: Adapter | None) -> Adapter:
    """The adapter; raises Invalid for none or a wrong one, Unimplemented for a kind that is not built."""
    where = ("body", "spec", "adapter")
    if adapter is None:
        raise Invalid.field(*where, msg="`adapter` is required.")
    if adapter.type in {"mcp", "openapi"}:
        raise Unimplemented(f"spec.adapter.{adapter.type} is not built.")
    if adapter.http is not None:
        _check_http_adapter(adapter.http, *where, "http")
    return adapter


def check_parameters(schema: Json, *where: str | int) -> None:
    """Raises Invalid below `where` unless these are the JSON Schema of an object, complete in itself."""
    validator = Draft202012Validator(
        Draft202012Validator.META_SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    problem = best_match(validator.iter_errors(schema))
    if problem is not None:
        raise Invalid.field(
            *where, *problem.absolute_path, msg=f"Invalid JSON Schema: {problem.message[:300]}"
        )
    if schema.get("type") != "object":
        raise Invalid.field(*where, "type", msg="Must be `object`: arguments are named.")
    try:
        check_references(schema, str(where[-1]))
        check_ends(schema, str(where[-1]))
    except BundleRefused as refused:
        raise Invalid.field(
            *where[:-1], refused.path, msg=f"Invalid JSON Schema: {refused.reason}."
        ) from None


def check_config(config: ToolConfig | None, adapter: str) -> Json:
    """A tool's config as it is kept, in a set with this kind of adapter.

    Raises Invalid for one of another kind or a wrong template, Unimplemented for a kind that is not built.
    """
    where = ("body", "spec", "config")
    if config is None:
        if adapter == AdapterKind.BARE:
            return {}
        raise Invalid.field(*where, msg="`config` is required.")
    if config.type in {"mcp", "openapi"}:
        raise Unimplemented(f"spec.config.{config.type} is not built.")
    if config.type != adapter:
        raise Invalid.field(*where, "type", msg=f"Must be {adapter}, as the tool set's adapter is.")
    if config.http is not None:
        _check_http_config(config.http, *where, "http")
    kept = config.http or config.bare
    return kept.wire() if kept else {}


def function_name_of(name: str, taken: set[str]) -> str:
    """A function's name made from a tool's, with a number behind it where that is taken."""
    wanted = _FUNCTION.sub("_", name).strip("_")[:_FUNCTION_CHARACTERS] or "tool"
    found, number = wanted, 1
    while found in taken:
        number += 1
        found = f"{wanted[: _FUNCTION_CHARACTERS - len(str(number)) - 1]}_{number}"
    return found


def _check_http_adapter(adapter: HttpAdapter, *where: str) -> None:
    if not _ADDRESS.match(adapter.base_url):
        message = "Must begin with http:// or https://, or with a secret: {{ secrets.NAME }}."
        raise Invalid.field(*where, "baseUrl", msg=message)
    check_template(adapter.base_url, *where, "baseUrl")
    _check_headers(adapter.headers or {}, *where, "headers")


def _check_http_config(config: HttpConfig, *where: str) -> None:
    templates = {
        "path": config.path,
        "query": config.query,
        "requestBodyTemplate": config.request_body_template,
    }
    for name, text in templates.items():
        check_template(text or "", *where, name)
    _check_headers(config.headers or {}, *where, "headers")


def _check_headers(headers: Mapping[str, str], *where: str) -> None:
    if len(headers) > MOST_HEADERS:
        raise Invalid.field(*where, msg=f"At most {MOST_HEADERS} headers are allowed.")
    for name, value in headers.items():
        if not _HEADER.fullmatch(name):
            raise Invalid.field(*where, name[:128], msg="Invalid header name.")
        if "\r" in value or "\n" in value:
            raise Invalid.field(*where, name, msg="A header value must be a single line.")
        check_template(value, *where, name)
