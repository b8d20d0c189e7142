"""The front matter of a skill, validated to the field."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Self

from executions.catalog.allowed_tools import TOOLS, read_allowed_tools
from executions.catalog.errors import BundleRefused, Findings
from executions.catalog.front_matter import split_front_matter
from executions.catalog.own_keys import STRUCTURED, near_miss, read_own_keys, read_slug
from executions.catalog.values import text_value
from executions.sandbox.limits import Limits

__all__ = ["TOOLS", "BundleRefused", "Manifest", "parse_manifest"]

MOST_DESCRIPTION = 1024
MOST_COMPATIBILITY = 500
_TOP_KEYS = ("name", "description", "license", "compatibility", "allowed-tools", "metadata")
_NOT_IN_SLUGS = re.compile(r"[^\w]+|_+")
_A_DESCRIPTION = "description: What the skill does, and when to use it."


@dataclass(frozen=True)
class Manifest:
    """What a skill is, what it takes and gives, and what it may do.

    `is_foreign` tells one that was not written for Callboard. `version` is None where the front matter has no
    semantic version; `stated_version` is then what it has. `entrypoint` is None for prompt skills, `demo` is
    None for skills without one. `tools` is what the skill wants of ours, narrowed by its `allowed-tools`;
    `missing_tools` are those that these name and nothing here is. `notes` say what was taken with a
    difference. `document` is the front matter as JSON, structured values decoded: with `instructions` it is
    all that `from_document` needs to make the same manifest again.
    """

    slug: str
    description: str
    is_foreign: bool
    version: str | None
    stated_version: str | None
    kind: str
    entrypoint: str | None
    instructions: str
    inputs_schema: dict[str, Any]
    outputs_schema: dict[str, Any]
    tools: frozenset[str]
    missing_tools: tuple[str, ...]
    skills: tuple[str, ...]
    limits: Limits
    max_attempts: int
    demo: list[dict[str, Any]] | None
    notes: tuple[str, ...]
    document: dict[str, Any]

    @classmethod
    def from_document(cls, document: dict[str, Any], instructions: str, *, folder: str | None = None) -> Self:
        """Raises BundleRefused with every rule that the document breaks; `folder` as in `parse_manifest`."""
        found = Findings()
        _check_keys(document, found)
        slug = found.read(lambda: _name(document.get("name"), folder), "")
        description = found.read(lambda: _description(document), "")
        found.read(lambda: _check_compatibility(document.get("compatibility")), None)
        own = read_own_keys(document.get("metadata"), found)
        if own.kind == "prompt" and not instructions:
            found.read(_refuse_silence, None)
        allowed = read_allowed_tools(document.get("allowed-tools"))
        missing = allowed.missing if allowed else ()
        if missing:
            found.notes.append(f"allowed-tools: nothing here is {', '.join(missing)}; the model is told so.")
        found.require_none()
        return cls(
            slug=slug,
            description=description,
            is_foreign=own.is_foreign,
            version=own.version,
            stated_version=own.stated_version,
            kind=own.kind,
            entrypoint=own.entrypoint,
            instructions=instructions,
            inputs_schema=own.inputs_schema,
            outputs_schema=own.outputs_schema,
            tools=own.tools & allowed.tools if allowed else own.tools,
            missing_tools=missing,
            skills=own.skills,
            limits=own.limits,
            max_attempts=own.max_attempts,
            demo=own.demo,
            notes=tuple(found.notes),
            document={**document, "metadata": own.metadata},
        )


def parse_manifest(text: str, *, folder: str | None) -> Manifest:
    """The manifest in `text`, a whole SKILL.md.

    `folder` is the name of the folder it lies in, which must be the skill's name; None where it
    has none (a zip with the bundle at its top). Raises BundleRefused.
    """
    document, instructions = split_front_matter(text, STRUCTURED)
    return Manifest.from_document(document, instructions, folder=folder)


def _check_keys(document: dict[str, Any], found: Findings) -> None:
    for key in document:
        if key in _TOP_KEYS:
            continue
        problems = near_miss(key, _TOP_KEYS).problems
        found.problems += problems
        if not problems:
            found.notes.append(f"`{key}` is none of the format's keys; it is kept.")


def _name(value: object, folder: str | None) -> str:
    fitting = f"name: {_slug_of(folder or str(value or ''))}"
    slug = read_slug(value, "name", mend=fitting)
    if folder is not None and unicodedata.normalize("NFKC", folder) != slug:
        raise BundleRefused(f"is {slug!r} but its folder is called {folder!r}", "name", fitting)
    return slug


def _slug_of(text: str) -> str:
    """The nearest name that the format allows."""
    return _NOT_IN_SLUGS.sub("-", text.lower()).strip("-")[:64].strip("-") or "name-of-the-folder"


def _description(document: dict[str, Any]) -> str:
    return text_value(document.get("description"), "description", MOST_DESCRIPTION, mend=_A_DESCRIPTION)


def _check_compatibility(value: object) -> None:
    if value not in (None, ""):
        text_value(value, "compatibility", MOST_COMPATIBILITY)


def _refuse_silence() -> None:
    raise BundleRefused("a prompt skill needs instructions: text below the front matter", "SKILL.md")
