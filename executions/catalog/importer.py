"""Importing a bundle into the database as an immutable version."""

import io
import uuid
from datetime import datetime

import semver
from django.db import transaction

from executions.catalog.archive import Bundle, pack
from executions.models import Skill, SkillVersion
from spaces.blobs import store_blob
from spaces.errors import Conflict
from spaces.models import Tenant


def import_bundle(*, bundle: Bundle, tenant_id: uuid.UUID | None, now: datetime) -> tuple[SkillVersion, bool]:
    """The bundle's version and whether it is new; `tenant_id` None makes it the deployment's own.

    The same content again returns the version that is there. Raises Conflict for other content under
    a version that exists: a version never changes.
    """
    manifest = bundle.manifest
    blob = store_blob(io.BytesIO(pack(bundle)), now=now)
    with transaction.atomic():
        tenant = Tenant.objects.get(pk=tenant_id) if tenant_id else None
        skill, _ = Skill.objects.get_or_create(
            slug=manifest.slug, tenant=tenant, defaults={"created_at": now}
        )
        Skill.objects.select_for_update(no_key=True).get(pk=skill.pk)
        known = SkillVersion.objects.filter(skill=skill, version=manifest.version).first()
        if known is not None:
            if known.digest != bundle.digest:
                raise Conflict(
                    f"{manifest.slug} {manifest.version} is already imported with other content "
                    f"(SHA-256 {known.digest}). Give the changed bundle a new version."
                )
            return known, False
        version = SkillVersion.objects.create(
            skill=skill,
            version=manifest.version,
            order=version_order(manifest.version),
            kind=manifest.kind,
            description=manifest.description,
            document=manifest.document,
            instructions=manifest.instructions,
            digest=bundle.digest,
            bundle=blob,
            created_at=now,
        )
    return version, True


def version_order(text: str) -> str:
    """A text that sorts, byte by byte, as semantic versions do: 1.9.0 < 1.10.0-rc.1 < 1.10.0."""
    version = semver.Version.parse(text)
    numbers = ".".join(f"{number:010d}" for number in (version.major, version.minor, version.patch))
    if version.prerelease is None:
        return f"{numbers}~"  # after every pre-release: "~" sorts after "-"
    parts = version.prerelease.split(".")
    return f"{numbers}-" + ".".join(f"0{int(part):010d}" if part.isdigit() else f"1{part}" for part in parts)
