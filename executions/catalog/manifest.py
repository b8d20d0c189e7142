"""The front matter of a skill, validated to the field."""

import posixpath
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Self

import semver

from executions.catalog.errors import BundleRefused
from executions.catalog.front_matter import split_front_matter
from executions.catalog.limits import read_limits
from executions.catalog.schemas import check_schema
from executions.catalog.values import choice, json_value, string_list, text_value, whole_number
from executions.inference.demo_script import DemoScriptInvalid, read_script
from executions.sandbox.limits import Limits

__all__ = ["TOOLS", "BundleRefused", "Manifest", "parse_manifest"]

TOOLS = frozenset(
    {
        "workspace.fs.list",
        "workspace.fs.read",
        "workspace.fs.write",
        "workspace.code.python",
        "artifact.commit",
    }
)
KINDS = ("script", "prompt")
RESERVED_SLUGS = frozenset({"executions"})
MAX_ATTEMPTS = 5

# The name rules of the Agent Skills format: 1-64 lower-case letters, digits and single hyphens.
SLUG = re.compile(r"(?=.{1,64}\Z)[a-z0-9]+(-[a-z0-9]+)*\Z")

_TOP_KEYS = ("name", "description", "license", "compatibility", "allowed-tools", "metadata")
_METADATA_KEYS = (
    "version",
    "kind",
    "entrypoint",
    "inputs",
    "outputs",
    "tools",
    "skills",
    "limits",
    "max_attempts",
    "demo",
)
# The Agent Skills format allows strings only under `metadata`; these may then be JSON in a string.
_STRUCTURED_KEYS = ("inputs", "outputs", "tools", "skills", "limits", "max_attempts", "demo")


@dataclass(frozen=True)
class Manifest:
    """What a skill is, what it takes and gives, and what it may do.

    `entrypoint` is None for prompt skills, `demo` is None for skills without one. `document` is
    the front matter as JSON, structured values decoded: with `instructions` it is all that
    `from_document` needs to make the same manifest again.
    """

    slug: str
    description: str
    version: str
    kind: str
    entrypoint: str | None
    instructions: str
    inputs_schema: dict[str, Any]
    outputs_schema: dict[str, Any]
    tools: frozenset[str]
    skills: tuple[str, ...]
    limits: Limits
    max_attempts: int
    demo: list[dict[str, Any]] | None
    document: dict[str, Any]

    @classmethod
    def from_document(cls, document: dict[str, Any], instructions: str) -> Self:
        """Raises BundleRefused where the document breaks a rule."""
        _refuse_unknown(document, _TOP_KEYS, "")
        metadata = _decode(document.get("metadata"))
        _refuse_unknown(metadata, _METADATA_KEYS, "metadata")
        text_value(document.get("license", "-"), "license", 200)
        text_value(document.get("compatibility", "-"), "compatibility", 500)
        kind = choice(metadata.get("kind"), KINDS, "metadata.kind")
        if kind == "prompt" and not instructions:
            raise BundleRefused("a prompt skill needs instructions", "SKILL.md")
        return cls(
            slug=_slug(document.get("name"), "name"),
            description=text_value(document.get("description"), "description", 1024),
            version=_version(metadata.get("version")),
            kind=kind,
            entrypoint=_entrypoint(metadata, kind),
            instructions=instructions,
            inputs_schema=check_schema(metadata.get("inputs"), "metadata.inputs"),
            outputs_schema=check_schema(metadata.get("outputs"), "metadata.outputs"),
            tools=_tools(metadata.get("tools", [])),
            skills=_skills(metadata.get("skills", [])),
            limits=read_limits(metadata.get("limits", {}), "metadata.limits"),
            max_attempts=whole_number(
                metadata.get("max_attempts", 1), 1, MAX_ATTEMPTS, "metadata.max_attempts"
            ),
            demo=_demo(metadata, kind),
            document={**document, "metadata": metadata},
        )


def parse_manifest(text: str, *, folder: str | None) -> Manifest:
    """The manifest in `text`, a whole SKILL.md.

    `folder` is the name of the folder it lies in, which must be the skill's name; None where it
    has none (a zip with the bundle at its top). Raises BundleRefused.
    """
    document, instructions = split_front_matter(text)
    manifest = Manifest.from_document(document, instructions)
    if folder is not None and folder != manifest.slug:
        raise BundleRefused(f"is {manifest.slug!r} but its folder is called {folder!r}", "name")
    return manifest


def _decode(metadata: object) -> dict[str, Any]:
    if not isinstance(metadata, dict):
        raise BundleRefused("must be a mapping", "metadata")
    return {
        key: json_value(value, f"metadata.{key}") if key in _STRUCTURED_KEYS else value
        for key, value in metadata.items()
    }


def _refuse_unknown(mapping: dict[str, Any], known: tuple[str, ...], path: str) -> None:
    """A key nobody reads is a typing error: a limit that was meant and does not hold."""
    for key in mapping:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            hint = f"; did you mean `{near[0]}`?" if near else f"; known are {', '.join(known)}"
            raise BundleRefused(f"unknown key{hint}", f"{path}.{key}".lstrip("."))


def _slug(value: object, path: str) -> str:
    slug = text_value(value, path, 64)
    if not SLUG.match(slug):
        raise BundleRefused(f"{slug!r} must be 1 to 64 lower-case letters, digits and single hyphens", path)
    if slug in RESERVED_SLUGS:
        raise BundleRefused(f"{slug!r} is reserved", path)
    return slug


def _version(value: object) -> str:
    path = "metadata.version"
    if isinstance(value, int | float):
        raise BundleRefused(f"{value} must be a semantic version such as `1.0.0`", path)
    version = text_value(value, path, 64)
    if not semver.Version.is_valid(version):
        raise BundleRefused(f"{version!r} is not a semantic version such as `1.0.0`", path)
    return version


def _entrypoint(metadata: dict[str, Any], kind: str) -> str | None:
    path = "metadata.entrypoint"
    if kind == "prompt":
        if "entrypoint" in metadata:
            raise BundleRefused("a prompt skill has none", path)
        return None
    entrypoint = text_value(metadata.get("entrypoint"), path, 200)
    outside = entrypoint.startswith(("/", "..")) or "\\" in entrypoint
    if outside or posixpath.normpath(entrypoint) != entrypoint or not entrypoint.endswith(".py"):
        raise BundleRefused(f"{entrypoint!r} must be a plain path of a .py file inside the bundle", path)
    return entrypoint


def _tools(value: object) -> frozenset[str]:
    names = string_list(value, "metadata.tools")
    for index, name in enumerate(names):
        if name not in TOOLS:
            known = ", ".join(sorted(TOOLS))
            raise BundleRefused(f"unknown tool {name!r}; known are {known}", f"metadata.tools.{index}")
    return frozenset(names)


def _skills(value: object) -> tuple[str, ...]:
    names = string_list(value, "metadata.skills")
    return tuple(_slug(name, f"metadata.skills.{index}") for index, name in enumerate(names))


def _demo(metadata: dict[str, Any], kind: str) -> list[dict[str, Any]] | None:
    if "demo" not in metadata:
        return None
    steps, path = metadata["demo"], "metadata.demo"
    if kind != "prompt":
        raise BundleRefused("only a prompt skill has one", path)
    try:
        read_script(steps, path=path)
    except DemoScriptInvalid as invalid:
        raise BundleRefused(invalid.reason, invalid.path) from invalid
    return list(steps)
