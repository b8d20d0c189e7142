"""What clients demand of an answer, read from `contract.txt`, and what is wrong with one.

The rules are those of the official client, version 1.8.0: a required field that is absent or null makes it
raise, and so does a union of a type that it does not know.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
)  # six digits: older clients cannot read other counts
_PLAIN: dict[str, type | tuple[type, ...]] = {"str": str, "int": int, "float": (int, float), "bool": bool}


@dataclass(frozen=True)
class Operation:
    """One operation; `answer` is a type's name, `[]X` a page of X."""

    name: str
    method: str
    path: str
    answer: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Contract:
    """Operations, and types by name: models with (required, optional) fields, unions, enums."""

    operations: list[Operation] = field(default_factory=list)
    models: dict[str, tuple[dict[str, str], dict[str, str]]] = field(default_factory=dict)
    unions: dict[str, list[str]] = field(default_factory=dict)
    enums: dict[str, list[str]] = field(default_factory=dict)

    def faults(self, of: str, value: Any, at: str = "") -> Iterator[str]:
        """What a client would not read in a value of a type."""
        if of.startswith("[]"):
            yield from self._faults_in_list(of[2:], value, at)
        elif of.startswith("{}"):
            if not isinstance(value, dict):
                yield f"{at}: {value!r} is no object"
            else:
                for key, one in value.items():
                    yield from self.faults(of[2:], one, f"{at}.{key}")
        elif of in self.unions:
            yield from self._faults_in_union(self.unions[of], value, at)
        elif of in self.models:
            yield from self._faults_in_model(of, value, at)
        else:
            yield from self._faults_in_scalar(of, value, at)

    def faults_in_page(self, of: str, page: Any) -> Iterator[str]:
        """The same for a page of a list."""
        if not isinstance(page, dict) or not isinstance(page.get("items"), list):
            yield "the page has no items"
            return
        if not isinstance(page.get("pagination", {}).get("nextCursor", ""), str):
            yield "the cursor is no text"
        yield from self._faults_in_list(of, page["items"], "items")

    def _faults_in_list(self, of: str, value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{at}: {value!r} is no list"
            return
        for place, one in enumerate(value):
            yield from self.faults(of, one, f"{at}[{place}]")

    def _faults_in_union(self, members: list[str], value: Any, at: str) -> Iterator[str]:
        if value == {}:
            return  # as the real service writes one that is not set
        by_tag = {self.models[one][0]["type"].removeprefix("="): one for one in members}
        tag = value.get("type") if isinstance(value, dict) else None
        if tag not in by_tag:
            yield f"{at}: the type {tag!r} is not known"
            return
        if others := set(value) & set(by_tag) - {tag}:
            yield f"{at}: {sorted(others)} beside {tag}"
        yield from self._faults_in_model(by_tag[tag], value, at)

    def _faults_in_model(self, name: str, value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{at}: {value!r} is no {name}"
            return
        required, optional = self.models[name]
        for key, of in {**required, **optional}.items():
            if value.get(key) is not None:
                yield from self.faults(of, value[key], f"{at}.{key}")
            elif key in required:
                yield f"{at}.{key}: missing in {name}"
            elif key in value:
                yield f"{at}.{key}: null in {name}"

    def _faults_in_scalar(self, of: str, value: Any, at: str) -> Iterator[str]:
        if of in self.enums:
            is_fine = value in self.enums[of]
        elif of.startswith("="):
            is_fine = value == of[1:]
        elif of == "time":
            is_fine = isinstance(value, str) and _TIME.fullmatch(value) is not None
        else:
            is_flag = isinstance(value, bool) and of in {"int", "float"}
            is_fine = of == "any" or (isinstance(value, _PLAIN[of]) and not is_flag)
        if not is_fine:
            yield f"{at}: {value!r} is no {of}"


@cache
def contract() -> Contract:
    """That of the file beside this one."""
    found = Contract()
    lines = Path(__file__).with_name("contract.txt").read_text().splitlines()
    for line in lines:
        name, _, rest = line.partition(" ")
        if not line or line.startswith("#"):
            continue
        if name.endswith(":"):
            required, _, optional = rest.partition("?")
            found.models[name[:-1]] = (_fields(required), _fields(optional))
        elif rest.startswith("| "):
            found.unions[name] = rest.split()[1:]
        elif rest.startswith("= "):
            found.enums[name] = rest.split()[1:]
        else:
            found.operations.append(Operation(name, *rest.split()))
    return found


def _fields(text: str) -> dict[str, str]:
    return dict(one.split(":", 1) for one in text.split())
