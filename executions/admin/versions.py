"""The versions of skills in the admin: immutable, so only looked at."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.decorators import display

from executions.admin import shown
from executions.models import SkillVersion
from spaces.admin.lists import NewestFirst, ReadOnly


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
    def shown_version(self, version: SkillVersion) -> SafeString:
        url = reverse("admin:executions_skillversion_change", args=(version.pk,))
        return format_html('<a class="cb-link" href="{}">{}</a>', url, version.version)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[SkillVersion]":
        return super().get_queryset(request).select_related("skill")


@admin.register(SkillVersion)
class SkillVersionAdmin(ReadOnly, NewestFirst):
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
        "manifest",
        "shown_instructions",
    )
    readonly_fields = fields

    @display(description="Manifest")
    def manifest(self, version: SkillVersion) -> SafeString:
        return format_html('<pre class="cb-json">{}</pre>', shown.pretty_json(version.document))

    @display(description="Instructions")
    def shown_instructions(self, version: SkillVersion) -> SafeString:
        return format_html('<pre class="cb-json">{}</pre>', version.instructions or "–")
