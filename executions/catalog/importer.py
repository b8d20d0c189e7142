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

MOST_VERSION = 64  # characters


def import_bundle(
    *, bundle: Bundle, tenant_id: uuid.UUID | None, now: datetime, version: str | None = None
) -> tuple[SkillVersion, bool]:
    """The bundle's version and whether it is new; `tenant_id` None makes it the deployment's own.

    `version` replaces what the bundle says of its version. The same content again returns the version that is
    there. Raises Conflict for other content under a version that exists: a version never changes.
    """
    manifest, version = bundle.manifest, version or bundle.version
    blob = store_blob(io.BytesIO(pack(bundle)), now=now)
    with transaction.atomic():
        tenant = Tenant.objects.get(pk=tenant_id) if tenant_id else None
        skill, _ = Skill.objects.get_or_create(
            slug=manifest.slug, tenant=tenant, defaults={"created_at": now}
        )
        Skill.objects.select_for_update(no_key=True).get(pk=skill.pk)
        known = SkillVersion.objects.filter(skill=skill, version=version).first()
        if known is not None:
            if known.digest != bundle.digest:
                raise Conflict(
                    f"{manifest.slug} {version} is already imported with other content "
                    f"(SHA-256 {known.digest}). Give the changed bundle a new version: in its SKILL.md, or "
                    "with --version."
                )
            return known, False
        imported = SkillVersion.objects.create(
            skill=skill,
            version=version,
            order=version_order(version, now),
            kind=manifest.kind,
            description=manifest.description,
            document=manifest.document,
            instructions=manifest.instructions,
            digest=bundle.digest,
            bundle=blob,
            created_at=now,
        )
    return imported, True


def is_version(text: str) -> bool:
    """Whether a version may be called that."""
    return len(text) <= MOST_VERSION and semver.Version.is_valid(text)


def version_order(text: str, now: datetime) -> str:
    """A text that sorts, byte by byte, as semantic versions do: 1.9.0 < 1.10.0-rc.1 < 1.10.0.

    What differs only behind a `+`, as versions do that name their content, sorts by when it was imported.
    """
    version = semver.Version.parse(text)
    # "+" sorts before all that may go on a pre-release.
    imported = f"+{now:%Y%m%d%H%M%S%f}" if version.build is not None else ""
    numbers = ".".join(f"{number:010d}" for number in (version.major, version.minor, version.patch))
    if version.prerelease is None:
        return f"{numbers}~{imported}"  # after every pre-release: "~" sorts after "-"
    parts = version.prerelease.split(".")
    ordered = ".".join(f"0{int(part):010d}" if part.isdigit() else f"1{part}" for part in parts)
    return f"{numbers}-{ordered}{imported}"
