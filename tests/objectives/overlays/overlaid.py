"""Overlays for tests, as the API writes them."""

from typing import Any


def overlay(key: str = "tenant", *actions: Any, results: Any = (), **fields: Any) -> dict[str, Any]:
    """An overlay for all tools of its set, unless `fields` has another selector."""
    made: dict[str, Any] = {"key": key, "selector": {"operator": "OPERATOR_UNSPECIFIED", "conditions": []}}
    return {**made, "disabled": False, "parameterActions": [*actions], "resultActions": [*results], **fields}


def remove(path: str) -> dict[str, Any]:
    return {"type": "remove", "remove": {"path": path}}


def put(path: str, template: str) -> dict[str, Any]:
    """A `set`."""
    return {"type": "set", "set": {"path": path, "valueTemplate": template}}


def pin(path: str, name: str, missing: str = "FAIL") -> dict[str, Any]:
    part = {"path": path, "pinnedParameter": name, "onMissing": f"ON_MISSING_{missing}"}
    return {"type": "pin", "pin": part}


def transform(template: str, on_error: str = "FAIL", *, expects_json: bool = False) -> dict[str, Any]:
    part = {"contentTemplate": template, "onError": f"ON_ERROR_{on_error}", "expectJson": expects_json}
    return {"type": "transform", "transform": part}


def where(*conditions: Any, operator: str = "AND") -> dict[str, Any]:
    """A selector."""
    return {"conditions": [*conditions], "operator": f"OPERATOR_{operator}"}


def attribute(name: str, how: str, text: str, **more: Any) -> dict[str, Any]:
    """A condition on an attribute: `attribute("NAME", "startsWith", "list")`."""
    matcher = {"type": how, how: text, **more}
    return {
        "type": "attribute",
        "attribute": {"attribute": f"ATTRIBUTE_{name}", "matcher": matcher},
    }


def takes(path: str) -> dict[str, Any]:
    """A `hasParameter` condition."""
    return {"type": "hasParameter", "hasParameter": {"path": path}}


def called(*names: str) -> dict[str, Any]:
    """A `tools` condition."""
    return {"type": "tools", "tools": {"names": [*names]}}


def auto_mode(*questions: str, mode: str = "ALL", **fields: Any) -> dict[str, Any]:
    asked = [{"question": one, "threshold": 0.8} for one in questions]
    return {"questions": asked, "passingMode": f"PASSING_MODE_{mode}", **fields}
