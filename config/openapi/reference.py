"""The OpenAPI document as the reference page shows it: tags, operations, schemas."""

import json
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

type Node = dict[str, Any]

NOT_BUILT = "not_built"
WORKSPACE_API = ("/v1/workspaces", "/v1/account", "/v1/whoami")
METHODS = ("get", "post", "put", "patch", "delete")
SCHEMAS = "#/components/schemas/"
_DEEPEST = 5  # levels of an example; some schemas contain themselves
_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "minLength": "min. length",
    "maxLength": "max. length",
    "minItems": "min. items",
    "maxItems": "max. items",
    "pattern": "pattern",
}
_PLAIN = {"string": "text", "integer": 1, "number": 1.0, "boolean": True, "null": None}
_FORMATTED = {
    "date-time": "2026-11-22T12:00:00Z",
    "uuid": "01a203d7-0000-7000-8000-000000000000",
    "binary": "@file",
}
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True)
class Field:
    """A parameter or a property."""

    name: str
    where: str
    type: str
    ref: str | None
    is_required: bool
    limits: str
    description: SafeString


@dataclass(frozen=True)
class DocumentedAnswer:
    status: str
    description: SafeString
    ref: str | None


@dataclass(frozen=True)
class DocumentedOperation:
    id: str
    tag: str
    api: str
    method: str
    path: str
    summary: str
    description: SafeString
    parameters: list[Field]
    body: Field | None
    answers: list[DocumentedAnswer]
    curl: str
    words: str


@dataclass(frozen=True)
class Tag:
    name: str
    description: str
    operations: list[DocumentedOperation]


@dataclass(frozen=True)
class Schema:
    name: str
    description: SafeString
    type: str
    fields: list[Field]


@dataclass(frozen=True)
class ApiReference:
    version: str
    description: SafeString
    tags: list[Tag]
    not_built: Tag
    schemas: list[Schema]


def reference(document: Node) -> ApiReference:
    """Whatever the document holds, in its own order."""
    schemas = document["components"]["schemas"]
    tags = {tag["name"]: Tag(tag["name"], tag.get("description", ""), []) for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if found := methods.get(method):
                name = found["tags"][0]
                tag = tags.setdefault(name, Tag(name, "", []))
                tag.operations.append(_operation(method, path, found, schemas))
    not_built = tags.pop(NOT_BUILT, Tag(NOT_BUILT, "", []))
    return ApiReference(
        document["info"]["version"],
        _prose(document["info"].get("description", "")),
        [tag for tag in tags.values() if tag.operations],
        not_built,
        [_schema(name, schemas[name]) for name in sorted(schemas)],
    )


def _operation(method: str, path: str, found: Node, schemas: Node) -> DocumentedOperation:
    summary, description = found["summary"], found.get("description", "")
    parameters = [
        _field(each, of=each["schema"], name=each["name"], where=each["in"])
        for each in found.get("parameters", [])
    ]
    body = found.get("requestBody", {"content": {}})
    return DocumentedOperation(
        id=found["operationId"],
        tag=found["tags"][0],
        api="workspace" if path.startswith(WORKSPACE_API) else "space",
        method=method.upper(),
        path=path,
        summary=summary,
        description=_prose(description),
        parameters=sorted(parameters, key=lambda each: (each.where != "path", path.find(f"{{{each.name}}}"))),
        body=next(
            (
                _field(body, of=of["schema"], where=", ".join(body["content"]))
                for of in body["content"].values()
            ),
            None,
        ),
        answers=[_answer(status, answer) for status, answer in found["responses"].items()],
        curl=_curl(method, path, found, schemas),
        words=" ".join((method, path, summary, found["operationId"], *found["tags"], description)).lower(),
    )


def _answer(status: str, answer: Node) -> DocumentedAnswer:
    schemas = [media.get("schema", {}) for media in answer.get("content", {}).values()]
    refs = [ref for schema in schemas if (ref := _reference(schema))]
    return DocumentedAnswer(status, _prose(answer.get("description", "")), refs[0] if refs else None)


def _schema(name: str, schema: Node) -> Schema:
    required = schema.get("required", [])
    fields = [
        _field({"required": member in required, "description": of.get("description", "")}, of=of, name=member)
        for member, of in schema.get("properties", {}).items()
    ]
    return Schema(name, _prose(schema.get("description", "")), _type(schema), fields)


def _field(node: Node, *, of: Node, name: str = "", where: str = "") -> Field:
    return Field(
        name=name,
        where=where,
        type=_type(of),
        ref=_reference(of),
        is_required=node.get("required", False),
        limits=_limits(of),
        description=_prose(node.get("description", "")),
    )


def _type(schema: Node) -> str:
    """What a value may be, in a few words."""
    if choices := _choices(schema):
        return " or ".join(dict.fromkeys(_type(choice) for choice in choices))
    kind = schema.get("type", "any")
    if "$ref" in schema:
        said = schema["$ref"].removeprefix(SCHEMAS)
    elif "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        said = " | ".join(json.dumps(value) for value in values)
    elif kind == "array":
        said = f"array of {_type(schema.get('items', {}))}"
    elif kind == "object" and isinstance(values := schema.get("additionalProperties"), dict) and values:
        said = f"object of {_type(values)}"
    else:
        said = " or ".join(kind) if isinstance(kind, list) else kind
        said += f" ({schema['format']})" if "format" in schema else ""
    return str(said)


def _choices(schema: Node) -> list[Node]:
    return [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]


def _limits(schema: Node) -> str:
    """The bounds and the default, also those of the one choice that is not null."""
    parts = [schema, *schema.get("anyOf", ())]
    said = [f"{word} {part[key]}" for part in parts for key, word in _BOUNDS.items() if key in part]
    if schema.get("default") is not None:
        said.append(f"default {json.dumps(schema['default'], ensure_ascii=False)}")
    return ", ".join(said)


def _reference(schema: Node) -> str | None:
    """The first named schema that a value is or contains."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(SCHEMAS)
    inner = _choices(schema)
    inner += [part for key in ("items", "additionalProperties") if isinstance(part := schema.get(key), dict)]
    return next((ref for part in inner if (ref := _reference(part))), None)


def _curl(method: str, path: str, found: Node, schemas: Node) -> str:
    """A command for a shell that knows BASE and KEY; what stands in braces is to be filled in."""
    lines = ["curl" if method == "get" else f"curl -X {method.upper()}"]
    if found.get("security"):
        lines.append('-H "X-API-Key: $KEY"')
    for media, body in list(found.get("requestBody", {}).get("content", {}).items())[:1]:
        if media == "multipart/form-data":
            lines.append("-F files=@FILE")
        else:
            written = json.dumps(_example(body["schema"], schemas, _DEEPEST), indent=2, ensure_ascii=False)
            lines += [f"-H 'Content-Type: {media}'", "-d '" + written.replace("'", "'\\''") + "'"]
    lines.append(f'"$BASE{path}"')
    return " \\\n  ".join(lines)


def _example(schema: Node, schemas: Node, depth: int) -> Any:
    """A value that the schema takes: its own example, else what is required, or one member."""
    own = [*schema.get("examples", ()), *(schema[key] for key in ("const", "default") if key in schema)]
    own += schema.get("enum", ())
    value: Any = _FORMATTED.get(schema.get("format", ""), _PLAIN.get(str(schema.get("type"))))
    if "$ref" in schema:
        value = _example(schemas[schema["$ref"].removeprefix(SCHEMAS)], schemas, depth)
    elif own and own[0] is not None:
        value = own[0]
    elif choices := _choices(schema):
        value = _example(choices[0], schemas, depth)
    elif schema.get("type") == "array":
        value = [_example(schema.get("items", {}), schemas, depth - 1)] if depth > 0 else []
    elif schema.get("type") == "object":
        members = schema.get("properties", {}) if depth > 0 else {}
        shown = [name for name in schema.get("required", ()) if name in members] or list(members)[:1]
        value = {name: _example(members[name], schemas, depth - 1) for name in shown}
    return value


def _prose(text: str) -> SafeString:
    """The HTML of a description, in which HTML is text and schemas are links within the page."""
    made: str = _markdown.render(text.replace(f"({SCHEMAS}", "(#schema-"))
    return mark_safe(made)  # noqa: S308 - markdown-it escapes HTML when its `html` is off
