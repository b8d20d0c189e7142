"""What the `demo` model does when nobody wrote it a script."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from executions.inference.demo_script import ScriptCall, ScriptTurn

Json = Any
"""A value that JSON can write."""

LIST = "workspace.fs.list"
READ = "workspace.fs.read"
MATERIALS = "inputs/materials"
EXCERPT = 400
MAX_DEPTH = 8


def planned_turn(
    number: int,
    *,
    tools: Collection[str],
    results: Sequence[Json],
    message: str,
    media: Sequence[str] = (),
    schema: Mapping[str, Json] | None,
) -> ScriptTurn:
    """Turn `number` (from 0) of the fixed plan: list the files, read the first, answer.

    Steps whose tool is not offered are left out. `media` are the types of the pictures and sounds that the
    model was given, `schema` is that of the answer, if it has one.
    """
    if number == 0 and LIST in tools:
        lead = ("Looking at the files.\n",)
        return ScriptTurn(lead, calls=(ScriptCall(LIST, {"path": MATERIALS}),))
    first = _first_file(results)
    if number == 1 and first and READ in tools:
        return ScriptTurn((f"Reading {first}.\n",), calls=(ScriptCall(READ, {"path": first}),))
    text = _closing_text(results, message, media)
    return ScriptTurn(answer=example_of(schema, text) if schema is not None else text)


def _first_file(results: Sequence[Json]) -> str | None:
    listed = results[-1].get("files") if results and isinstance(results[-1], Mapping) else None
    return listed[0]["path"] if listed else None


def _closing_text(results: Sequence[Json], message: str, media: Sequence[str]) -> str:
    newest = results[-1] if results else None
    if isinstance(newest, Mapping) and isinstance(newest.get("text"), str):
        return f"{newest.get('path', 'The file')} begins: {newest['text'][:EXCERPT]}"
    if media:
        return f"The demo model was given {len(media)} files that it cannot look at: {', '.join(media)}."
    return f"There was nothing to read. What was asked: {message[:EXCERPT]}"


def example_of(schema: Mapping[str, Json], text: str, depth: int = 0) -> Json:
    """A value that a simple JSON Schema accepts, `text` in every string that must be there.

    It knows types, `const`, `enum`, `default`, `required` and nesting up to MAX_DEPTH; a schema
    that asks for more may refuse the value.
    """
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind in ("object", "array"):
        return _nested_example(kind, schema, text, depth + 1)
    least = schema.get("minimum", 0)
    plain = {"string": text[: schema.get("maxLength")], "integer": least, "number": least, "boolean": False}
    return plain.get(kind)


def _nested_example(kind: str, schema: Mapping[str, Json], text: str, depth: int) -> Json:
    if depth > MAX_DEPTH:
        return None
    if kind == "array":
        item = example_of(schema.get("items", {}), text, depth)
        return [item] * schema.get("minItems", 0)
    properties = schema.get("properties", {})
    wanted = schema.get("required") or list(properties)[:1]
    return {key: example_of(properties.get(key, {}), text, depth) for key in wanted}
