"""Uploaded files in the admin: looked at, never changed."""

from django.contrib import admin
from django.db.models import Q
from django.template.defaultfilters import filesizeformat
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from spaces.admin.kit.changelist import NewestFirstChangeList, ReadOnly
from spaces.models import UploadedFile


@admin.register(UploadedFile)
class UploadedFileAdmin(ReadOnly, NewestFirstChangeList):
    """What principals uploaded for their runs."""

    list_display = ("name", "shown_size", "principal", "tenant", "created_at")
    list_select_related = ("principal", "tenant", "blob")
    list_filter = (("principal", AutocompleteSelectFilter),)
    list_filter_submit = True
    search_exact = ("blob_id",)
    search_help_text = "Id or SHA-256"
    fields = ("name", "shown_size", "sha256", "principal", "tenant", "id", "created_at")
    readonly_fields = fields

    @display(description="Size")
    def shown_size(self, file: UploadedFile) -> str:
        return filesizeformat(file.blob.size_bytes)

    @display(description="SHA-256")
    def sha256(self, file: UploadedFile) -> str:
        return file.blob_id

    def search_condition(self, term: str) -> Q:
        return super().search_condition(term.lower())
