"""`manage.py import_skill`: take skills into the catalog."""

import uuid
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from executions.catalog.archive import BundleRefused
from executions.catalog.importer import import_bundle, is_version
from executions.catalog.sources import FoundSkill, skills_in_path
from spaces.errors import DomainError
from spaces.models import Tenant


class Command(BaseCommand):
    """Importing the same content again changes nothing; other content needs a new version."""

    help = "Import Agent Skills from folders and zips, for one tenant or for all."

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> CommandParser:
        """Django's own `--version`, which says Django's, gives way to ours."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **options)

    def add_arguments(self, parser: CommandParser) -> None:
        """Which skills, and for whom."""
        parser.add_argument(
            "paths",
            metavar="path",
            type=Path,
            nargs="+",
            help="a folder with a SKILL.md, a folder with such folders, or a zip of either",
        )
        parser.add_argument("--tenant", metavar="ID", help="only for this tenant; without it, for all")
        parser.add_argument("--version", metavar="X.Y.Z", help="the version, instead of what SKILL.md says")
        parser.add_argument(
            "--check", action="store_true", help="say what would be imported, and import nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import what is sound and say so; what is refused is named with all that is wrong, with status 1."""
        tenant_id, version = _tenant_id(options["tenant"]), options["version"]
        if version is not None and not is_version(version):
            raise CommandError(f"--version: {version!r} is not a semantic version such as `1.0.0`.")
        found = [one for path in options["paths"] for one in _read(path)]
        refused = [_refusal(one, alone=len(found) == 1) for one in found if one.bundle is None]
        for one in found:
            try:
                self._take(one, version=version, tenant_id=tenant_id, is_check=options["check"])
            except DomainError as error:
                refused.append(error.message)
        if len(found) > 1:
            self.stdout.write(f"{len(found) - len(refused)} of {len(found)} skills.")
        if refused:
            raise CommandError("\n".join(f"Refused: {reason}" for reason in refused))

    def _take(
        self, one: FoundSkill, *, version: str | None, tenant_id: uuid.UUID | None, is_check: bool
    ) -> None:
        """Raises DomainError where its version is taken."""
        bundle = one.bundle
        if bundle is None:
            return
        what, named = "Would import", version or bundle.version
        if not is_check:
            row, is_new = import_bundle(
                bundle=bundle, tenant_id=tenant_id, now=timezone.now(), version=version
            )
            what, named = "Imported" if is_new else "Already there:", row.version
        manifest = bundle.manifest
        self.stdout.write(f"{what} {manifest.slug} {named} ({manifest.kind}, SHA-256 {bundle.digest})")
        for told in one.told:
            self.stdout.write(f"  {told}")


def _read(path: Path) -> list[FoundSkill]:
    try:
        return skills_in_path(path)
    except BundleRefused as refused:
        raise CommandError(f"Refused: {refused}") from refused
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror or error}.") from error


def _refusal(one: FoundSkill, *, alone: bool) -> str:
    """All that is wrong with it, below where it lies; one problem stays on one line."""
    place = "" if alone else f"{one.place}: "
    if len(one.problems) == 1:
        return f"{place}{one.problems[0]}"
    return "\n".join([f"{one.place}:", *(f"  {problem}" for problem in one.problems)])


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
