"""What Callboard knows of a skill and the public format does not: keys below its free `metadata`.

Decision: the format allows only strings there, and everybody may put keys of his own. So a structure may be
JSON or YAML in a string, and a key that cannot be read is a problem only where the skill is plainly written
for Callboard; elsewhere it is somebody else's, kept and said.
"""

import posixpath
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import Any

import semver

from executions.catalog.allowed_tools import TOOLS
from executions.catalog.errors import BundleRefused, Findings
from executions.catalog.limits import read_limits
from executions.catalog.schemas import check_schema
from executions.catalog.values import choice, string_list, structure, text_value, whole_number
from executions.inference.demo_script import DemoScriptInvalid, read_script
from executions.sandbox.limits import MIB, Limits

KINDS = ("script", "prompt")
RESERVED_SLUGS = frozenset({"executions"})
MAX_ATTEMPTS = 5
NEAR = 0.8  # how alike an unknown key is to a known one to be taken for a typing error
STRUCTURED = ("inputs", "outputs", "tools", "skills", "limits", "max_attempts", "demo")
_KEYS = ("version", "kind", "entrypoint", *STRUCTURED)
_OPEN_INPUTS = {
    "type": "object",
    "properties": {
        "task": {"type": "string", "description": "What is to be done, with all that has to be known for it."}
    },
}
_OPEN_OUTPUTS = {
    "type": "object",
    "properties": {"answer": {"type": "string", "description": "What came of the task, in words."}},
}
# A skill that says nothing of limits was written for a client without any: time for a model to work.
_OPEN_LIMITS = Limits(
    wall_seconds=900, cpu_seconds=300, memory_bytes=1024 * MIB, processes=128, workspace_bytes=512 * MIB
)


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """The values, defaults for what is absent; `metadata` is the whole mapping, structures decoded.

    `is_foreign` tells a skill that was not written for Callboard. `version` is a semantic version, None where
    there is none; `stated_version` is what is there instead.
    """

    is_foreign: bool
    kind: str
    version: str | None
    stated_version: str | None
    entrypoint: str | None
    inputs_schema: dict[str, Any]
    outputs_schema: dict[str, Any]
    tools: frozenset[str]
    skills: tuple[str, ...]
    limits: Limits
    max_attempts: int
    demo: list[dict[str, Any]] | None
    metadata: dict[str, Any]


def read_own_keys(metadata: object, found: Findings) -> OwnKeys:
    """Our keys of a front matter's `metadata`; what is wrong or not read goes into `found`."""
    if metadata not in (None, "") and not isinstance(metadata, dict):
        found.notes.append("`metadata` is no mapping; it is kept, and not read.")
    keys = _Keys(dict(metadata) if isinstance(metadata, dict) else {}, found)
    kind = keys.kind()
    version = keys.take("version", lambda value, path: text_value(value, path, 64), None)
    is_semantic = version is not None and semver.Version.is_valid(version)
    if version is not None and not is_semantic:
        found.notes.append(f"The version {version!r} is no semantic version; it is kept beside ours.")
    has_one = keys.is_ours and bool({"inputs", "outputs"} & keys.metadata.keys())
    if has_one:  # who describes one of them has forgotten the other
        for key in ("inputs", "outputs"):
            keys.metadata.setdefault(key, None)
    return OwnKeys(
        is_foreign=not keys.is_ours,
        kind=kind,
        version=version if is_semantic else None,
        stated_version=None if is_semantic else version,
        entrypoint=keys.entrypoint(kind),
        inputs_schema=keys.take("inputs", check_schema, _OPEN_INPUTS),
        outputs_schema=keys.take("outputs", check_schema, _OPEN_OUTPUTS),
        tools=keys.take("tools", _tools, frozenset() if keys.is_ours else TOOLS),
        skills=keys.take("skills", _skills, ()),
        limits=keys.take("limits", read_limits, Limits() if keys.is_ours else _OPEN_LIMITS),
        max_attempts=keys.take("max_attempts", _attempts, 1),
        demo=keys.take("demo", _demo if kind == "prompt" else _no_demo, None),
        metadata=keys.metadata,
    )


class _Keys:
    """The mapping while it is read."""

    def __init__(self, metadata: dict[str, Any], found: Findings) -> None:
        self.metadata = metadata
        self._found = found
        described = bool({"inputs", "outputs"} & metadata.keys())
        self.is_ours = metadata.get("kind") in KINDS or ("entrypoint" in metadata and described)
        if self.is_ours:
            found.problems += [
                problem
                for key in metadata
                if key not in _KEYS
                for problem in _near_miss(key, _KEYS, "metadata").problems
            ]

    def take[T](self, key: str, read: Callable[[Any, str], T], otherwise: T) -> T:
        """What the key means; `otherwise` where it is absent or cannot be read."""
        if key not in self.metadata:
            return otherwise
        path, value = f"metadata.{key}", self.metadata[key]
        try:
            value = structure(value, path) if key in STRUCTURED else value
            meant = read(value, path)
        except BundleRefused as refused:
            if self.is_ours:
                self._found.problems += refused.problems
            else:
                self._found.notes.append(f"{path} is kept, and not read: {refused.reason}")
            return otherwise
        self.metadata[key] = value
        return meant

    def kind(self) -> str:
        """A skill without an entry point is a prompt."""
        default = "script" if "entrypoint" in self.metadata else "prompt"
        return self.take("kind", lambda value, path: choice(value, KINDS, path), default)

    def entrypoint(self, kind: str) -> str | None:
        if kind == "prompt":
            return self.take("entrypoint", _no_entrypoint, None)
        if "entrypoint" not in self.metadata:
            self._found.read(_missing_entrypoint, None)
        return self.take("entrypoint", _entrypoint, None)


def _near_miss(key: str, known: tuple[str, ...], path: str) -> Findings:
    """A key that nobody reads but is nearly one of ours is a typing error: a limit that would not hold."""
    found = Findings()
    near = get_close_matches(key, known, n=1, cutoff=NEAR)
    if near:
        found.read(lambda: _refuse_key(near[0], f"{path}.{key}".lstrip(".")), None)
    return found


def near_miss(key: str, known: tuple[str, ...]) -> Findings:
    """The same for a key at the top of the front matter."""
    return _near_miss(key, known, "")


def _refuse_key(near: str, path: str) -> None:
    raise BundleRefused(f"unknown key; did you mean `{near}`?", path, f"{near}: …")


def read_slug(value: object, path: str, *, mend: str = "") -> str:
    """A name by the format's rules, as the reference validator reads it: any script has letters."""
    slug = unicodedata.normalize("NFKC", text_value(value, path, 64, mend=mend))
    plain = slug.replace("-", "")
    is_sound = plain.isalnum() and slug == slug.lower() and "--" not in slug and slug.strip("-") == slug
    if not is_sound or len(slug) > 64:
        raise BundleRefused(
            f"{slug!r} must be 1 to 64 lower-case letters, digits and single hyphens", path, mend
        )
    if slug in RESERVED_SLUGS:
        raise BundleRefused(f"{slug!r} is reserved", path)
    return slug


def _missing_entrypoint() -> None:
    raise BundleRefused("is missing", "metadata.entrypoint", "entrypoint: scripts/run.py")


def _no_entrypoint(_value: object, path: str) -> None:
    raise BundleRefused("a prompt skill has none", path)


def _entrypoint(value: object, path: str) -> str:
    entrypoint = text_value(value, path, 200)
    outside = entrypoint.startswith(("/", "..")) or "\\" in entrypoint
    if outside or posixpath.normpath(entrypoint) != entrypoint or not entrypoint.endswith(".py"):
        raise BundleRefused(f"{entrypoint!r} must be a plain path of a .py file inside the bundle", path)
    return entrypoint


def _tools(value: object, path: str) -> frozenset[str]:
    found = Findings()
    names = string_list(value, path)
    for index, name in enumerate(names):
        found.read(partial(_require_tool, name, f"{path}.{index}"), None)
    found.require_none()
    return frozenset(names)


def _require_tool(name: str, path: str) -> None:
    if name not in TOOLS:
        raise BundleRefused(f"unknown tool {name!r}; known are {', '.join(sorted(TOOLS))}", path)


def _skills(value: object, path: str) -> tuple[str, ...]:
    names = string_list(value, path)
    return tuple(read_slug(name, f"{path}.{index}") for index, name in enumerate(names))


def _attempts(value: object, path: str) -> int:
    return whole_number(value, 1, MAX_ATTEMPTS, path)


def _no_demo(_value: object, path: str) -> None:
    raise BundleRefused("only a prompt skill has one", path)


def _demo(steps: object, path: str) -> list[dict[str, Any]] | None:
    try:
        read_script(steps, path=path)
    except DemoScriptInvalid as invalid:
        raise BundleRefused(invalid.reason, invalid.path) from invalid
    return list(steps) if isinstance(steps, list) else None
