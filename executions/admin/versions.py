"""The versions of skills in the admin: immutable, so only looked at."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.decorators import display

from executions.catalog.selectors import manifest_of
from executions.models import SkillVersion
from spaces.admin.kit.changelist import NewestFirstChangeList, ReadOnly
from spaces.admin.kit.formatting import json_block, link_to, text_block


class VersionInline(ReadOnly, TabularInline):
    """The versions of one skill, newest first."""

    model = SkillVersion
    fields = ("shown_version", "kind", "description", "created_at")
    readonly_fields = fields
    ordering = ("-order",)
    extra = 0
    per_page = 20
    verbose_name_plural = "versions"
    show_title = False

    @display(description="Version")
    def shown_version(self, version: SkillVersion) -> SafeString | str:
        return link_to(version, version.version)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[SkillVersion]":
        return super().get_queryset(request).select_related("skill")


@admin.register(SkillVersion)
class SkillVersionAdmin(ReadOnly, NewestFirstChangeList):
    """One imported bundle: its manifest, instructions and digest."""

    list_display = ("skill", "version", "kind", "description", "created_at")
    list_select_related = ("skill",)
    search_exact = ("digest",)
    search_help_text = "SHA-256 or id"
    fields = (
        "skill",
        "version",
        "kind",
        "description",
        "digest",
        "created_at",
        "notes",
        "manifest",
        "shown_instructions",
    )
    readonly_fields = fields

    @display(description="Notes")
    def notes(self, version: SkillVersion) -> str:
        """What was taken with a difference: foreign keys, tools that are not here, a version that is none."""
        manifest = manifest_of(version)
        return " · ".join(manifest.notes) or "–"

    @display(description="Manifest")
    def manifest(self, version: SkillVersion) -> SafeString | str:
        return json_block(version.document)

    @display(description="Instructions")
    def shown_instructions(self, version: SkillVersion) -> SafeString | str:
        return text_block(version.instructions)
