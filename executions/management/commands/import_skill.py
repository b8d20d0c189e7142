"""`manage.py import_skill`: take a skill bundle into the catalog."""

import uuid
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from executions.catalog.archive import Bundle, BundleRefused, read_folder, read_zip
from executions.catalog.importer import import_bundle
from spaces.errors import DomainError
from spaces.models import Tenant


class Command(BaseCommand):
    """Importing the same content again changes nothing; other content needs a new version."""

    help = "Import a skill bundle from a folder or a zip file, for one tenant or for all."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which bundle, and for whom."""
        parser.add_argument("path", type=Path, help="a folder with a SKILL.md, or a zip of one")
        parser.add_argument("--tenant", metavar="ID", help="only for this tenant; without it, for all")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was imported; what is refused is named, with status 1."""
        tenant_id = _tenant_id(options["tenant"])
        try:
            bundle = _read(options["path"])
            version, is_new = import_bundle(bundle=bundle, tenant_id=tenant_id, now=timezone.now())
        except BundleRefused as refused:
            raise CommandError(f"Refused: {refused}") from refused
        except DomainError as refused:
            raise CommandError(f"Refused: {refused.message}") from refused
        except OSError as error:
            raise CommandError(f"Cannot read {options['path']}: {error.strerror or error}.") from error
        what = "Imported" if is_new else "Already there:"
        self.stdout.write(f"{what} {bundle.manifest.slug} {version.version} (SHA-256 {version.digest})")


def _read(path: Path) -> Bundle:
    if path.is_dir():
        return read_folder(path)
    with path.open("rb") as source:
        return read_zip(source)


def _tenant_id(text: str | None) -> uuid.UUID | None:
    if text is None:
        return None
    try:
        tenant_id = uuid.UUID(text)
    except ValueError as malformed:
        raise CommandError(f"{text!r} is no tenant id.") from malformed
    if not Tenant.objects.filter(pk=tenant_id).exists():
        raise CommandError(f"There is no tenant {tenant_id}.")
    return tenant_id
