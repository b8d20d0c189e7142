"""The form that takes a skill bundle as a zip."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from executions.catalog.archive import Bundle, BundleRefused, read_zip
from spaces.models import Tenant


class BundleForm(forms.Form):
    """A zip, and whose skill it becomes; `cleaned_data["bundle"]` is the verified Bundle."""

    bundle = forms.FileField(
        label="Bundle (zip)",
        widget=UnfoldAdminFileFieldWidget,
        help_text="A folder in the Agent Skills format: SKILL.md at the zip's top or in its only folder, "
        "with scripts and resources beside it.",
    )
    tenant = forms.ModelChoiceField(
        queryset=Tenant.objects.order_by("name"),
        required=False,
        empty_label="The deployment: every tenant has it",
        label="Belongs to",
        widget=UnfoldAdminSelectWidget,
        help_text="A tenant's own skill hides the deployment's skill of the same name.",
    )

    def clean_bundle(self) -> Bundle:
        """Read the zip; raises ValidationError naming the key of the front matter or the file."""
        upload: UploadedFile[Any] = self.cleaned_data["bundle"]
        try:
            return read_zip(upload.file)  # type: ignore[arg-type]
        except BundleRefused as refused:
            raise forms.ValidationError(str(refused)) from refused
