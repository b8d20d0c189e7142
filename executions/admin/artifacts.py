"""Artifacts in the admin: looked at, never changed."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from executions.admin.page import IMAGES
from executions.links import artifact_link
from executions.models import Artifact
from spaces.admin.kit.changelist import NewestFirstChangeList, ReadOnly
from spaces.admin.kit.formatting import link_to
from spaces.ids import parse_uuid


@admin.register(Artifact)
class ArtifactAdmin(ReadOnly, NewestFirstChangeList):
    """Files that executions chose to keep."""

    list_display = ("relpath", "document_type", "content_type", "shown_size", "shown_execution", "created_at")
    list_select_related = ("execution",)
    search_help_text = "Id of the artifact or its execution, or SHA-256"
    fields = (
        "relpath",
        "document_type",
        "content_type",
        "shown_size",
        "sha256",
        "shown_execution",
        "id",
        "created_at",
        "content",
    )
    readonly_fields = fields

    @display(description="Size")
    def shown_size(self, artifact: Artifact) -> str:
        return filesizeformat(artifact.size_bytes)

    @display(description="SHA-256")
    def sha256(self, artifact: Artifact) -> str:
        return artifact.blob_id

    @display(description="Execution")
    def shown_execution(self, artifact: Artifact) -> SafeString | str:
        return link_to(artifact.execution, artifact.execution.skill_slug)

    @display(description="Content")
    def content(self, artifact: Artifact) -> SafeString:
        url = artifact_link(artifact.execution.space_id, artifact.id)
        if artifact.content_type in IMAGES:
            return format_html('<img class="cb-artifact-image" src="{}" alt="{}">', url, artifact.relpath)
        return format_html('<a class="cb-link" href="{}">Download {}</a>', url, artifact.relpath)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Of the execution only what is shown: its inputs and outputs may be megabytes."""
        return (
            super()
            .get_queryset(request)
            .only(
                *(column.name for column in Artifact._meta.concrete_fields),
                "execution__skill_slug",
                "execution__space_id",
            )
        )

    def search_condition(self, term: str) -> Q:
        row_id = parse_uuid(term.lower())
        return Q(pk=row_id) | Q(execution_id=row_id) if row_id else Q(blob_id=term.lower())
