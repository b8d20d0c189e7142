"""The skills that a variation may call or read, as functions that models are offered."""

import uuid
from collections.abc import Iterable
from copy import deepcopy
from typing import Final

from executions.catalog.manifest import Manifest
from executions.catalog.selectors import manifest_of, newest_version
from executions.models import SkillVersion
from objectives.ids import Json
from objectives.models import AgentVariation, CallKind
from objectives.planning.plan import Offered
from objectives.planning.tool_snapshots import provided_metadata, tool_snapshot
from objectives.validation.labels import skills_wanted

SKILL_FILES: Final = "uploaded_files"
SKILL_VERSION: Final = "skill_version_id"  # in the configuration of one that is read
_FILES: Final = {
    "type": "array",
    "items": {"type": "string"},
    "description": "Names of uploaded files to work on.",
}
_READ: Final = "Gives you the instructions of this skill, to be followed in this conversation."
_READING: Final = {
    "type": "object",
    "properties": {
        "file": {
            "type": "string",
            "description": "Instead of the instructions: a file of the skill that these refer to.",
        }
    },
    "additionalProperties": False,
}


def offered_skills(variation: AgentVariation, tenant_id: uuid.UUID) -> Iterable[Offered]:
    """The skills that a variation's labels name, as far as the account has them.

    One that is to be read is offered as it is now; only a prompt skill has something to be followed.
    """
    for slug, mode in skills_wanted(variation.labels).items():
        version = newest_version(tenant_id, slug)
        if version is None:
            continue  # the label outlives the skill
        manifest = manifest_of(version)
        if mode != "read":
            yield _called(version, manifest, variation, tenant_id, requires_approval=mode == "approval")
        elif manifest.kind == "prompt":
            yield _read(version, manifest, variation, tenant_id)


def _called(
    version: SkillVersion,
    manifest: Manifest,
    variation: AgentVariation,
    tenant_id: uuid.UUID,
    *,
    requires_approval: bool,
) -> Offered:
    """A skill that runs as an execution of its own."""
    metadata = _metadata(version, manifest, variation, tenant_id)
    parameters = _parameters(manifest)
    return Offered(
        function=manifest.slug,
        kind=CallKind.SKILL,
        ref=manifest.slug,
        description=manifest.description,
        parameters=parameters,
        metadata=metadata,
        snapshot=tool_snapshot(
            metadata, manifest.description, parameters, requires_approval=requires_approval
        ),
        requires_approval=requires_approval,
        is_safe_to_repeat=True,
    )


def _read(
    version: SkillVersion, manifest: Manifest, variation: AgentVariation, tenant_id: uuid.UUID
) -> Offered:
    """A skill whose instructions the agent follows itself."""
    metadata = _metadata(version, manifest, variation, tenant_id)
    description = f"{manifest.description}\n{_READ}"
    return Offered(
        function=manifest.slug,
        kind=CallKind.READING,
        ref=manifest.slug,
        description=description,
        parameters=_READING,
        metadata=metadata,
        snapshot=tool_snapshot(metadata, description, _READING, requires_approval=False),
        is_safe_to_repeat=True,
        config={SKILL_VERSION: str(version.pk)},
    )


def _metadata(
    version: SkillVersion, manifest: Manifest, variation: AgentVariation, tenant_id: uuid.UUID
) -> Json:
    return provided_metadata(
        manifest.slug,
        version.skill_id,
        space_id=variation.space_id,
        tenant_id=tenant_id,
        created_at=version.created_at,
    )


def _parameters(manifest: Manifest) -> Json:
    """The skill's inputs, and beside them the files that it is to work on."""
    schema: Json = deepcopy(dict(manifest.inputs_schema))
    properties = {**schema.get("properties", {}), SKILL_FILES: _FILES}
    return {"type": "object", **schema, "properties": properties}
