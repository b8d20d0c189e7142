"""Finding the skills that a tenant has."""

import uuid

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from executions.catalog.manifest import Manifest
from executions.models import Skill, SkillVersion
from spaces.prepared_sql import fetch_row


def newest_versions(tenant_id: uuid.UUID) -> QuerySet[SkillVersion]:
    """The newest version of each skill that this tenant can start, by slug.

    A tenant's own skill hides the deployment's skill of the same slug.
    """
    return (
        SkillVersion.objects.filter(pk__in=_newest_ids(_skills(tenant_id)))
        .select_related("skill")
        .order_by("skill__slug")
    )


def newest_version(tenant_id: uuid.UUID, slug: str) -> SkillVersion | None:
    """The newest version of one skill; None where the tenant has no such skill, or it is retired.

    Its document and instructions are read when they are asked for: `manifest_of` mostly knows them.
    """
    row = fetch_row(_NEWEST, [slug, tenant_id])
    if row is None:
        return None
    version = SkillVersion.from_db("default", _VERSION_FIELDS, row[: len(_VERSION_FIELDS)])
    version.skill = Skill.from_db("default", _SKILL_FIELDS, row[len(_VERSION_FIELDS) :])
    return version


_LARGE = {"document", "instructions"}
_VERSION_FIELDS = [f.attname for f in SkillVersion._meta.concrete_fields if f.attname not in _LARGE]
_SKILL_FIELDS = [field.attname for field in Skill._meta.concrete_fields]
_NEWEST = f"""
SELECT {", ".join(f'version."{name}"' for name in _VERSION_FIELDS)},
       {", ".join(f"skill.{name}" for name in _SKILL_FIELDS)}
  FROM executions_skillversion AS version JOIN executions_skill AS skill ON skill.id = version.skill_id
 WHERE skill.slug = %s AND (skill.tenant_id = %s OR skill.tenant_id IS NULL) AND skill.retired_at IS NULL
 ORDER BY skill.tenant_id ASC NULLS LAST, version."order" DESC LIMIT 1
"""  # noqa: S608 - names of our own columns


def manifest_of(version: SkillVersion) -> Manifest:
    """The manifest as it was imported; shared, so nobody may change what is in it.

    A version never changes, and checking its schemas again costs more than all else in a dispatch.
    """
    known = _manifests.get(version.pk)
    if known is None:
        if len(_manifests) >= MAX_MANIFESTS:
            _manifests.clear()
        known = _manifests[version.pk] = Manifest.from_document(version.document, version.instructions)
    return known


MAX_MANIFESTS = 500
_manifests: dict[uuid.UUID, Manifest] = {}


def _skills(tenant_id: uuid.UUID) -> QuerySet[Skill]:
    return Skill.objects.filter(Q(tenant_id=tenant_id) | Q(tenant__isnull=True), retired_at__isnull=True)


def _newest_ids(skills: QuerySet[Skill]) -> QuerySet[Skill, uuid.UUID]:
    newest = SkillVersion.objects.filter(skill=OuterRef("pk")).order_by("-order").values("pk")[:1]
    return (
        skills.order_by("slug", F("tenant_id").asc(nulls_last=True))
        .distinct("slug")
        .values_list(Subquery(newest), flat=True)
    )
