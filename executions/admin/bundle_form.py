"""The form that takes skills as zips."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from django import forms
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from executions.catalog.archive import BundleRefused
from executions.catalog.importer import is_version
from executions.catalog.sources import FoundSkill, skills_in_zip
from spaces.blobs import open_blob, store_blob
from spaces.models import Tenant

_SALT = "executions.admin.bundle_form"
_KEPT_SECONDS = 3600  # between looking and importing: uploads that nothing refers to are pruned after a day


class _ZipsInput(UnfoldAdminFileFieldWidget):
    allow_multiple_selected = True


class _Zips(forms.FileField):
    """Several uploads."""

    widget = _ZipsInput

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[Any]]":
        uploads = data if isinstance(data, list | tuple) else [data]
        return [super(_Zips, self).clean(one, initial) for one in uploads if one]


class BundleForm(forms.Form):
    """Zips, and whose skills they become; after `is_valid`, `found` is what is in them.

    `kept` stands for zips that were uploaded to be looked at: it is signed, and good for an hour.
    """

    bundle = _Zips(
        label="Skills (zip)",
        required=False,
        help_text="Folders in the Agent Skills format, each with its SKILL.md: one skill, "
        "or a repository with many.",
    )
    tenant = forms.ModelChoiceField(
        queryset=Tenant.objects.order_by("name"),
        required=False,
        empty_label="The deployment: every tenant has it",
        label="Belongs to",
        widget=UnfoldAdminSelectWidget,
        help_text="A tenant's own skill hides the deployment's skill of the same name.",
    )
    version = forms.CharField(
        required=False,
        max_length=64,
        widget=UnfoldAdminTextInputWidget,
        help_text="Instead of what SKILL.md says. Without either, the content names the version.",
    )
    kept = forms.CharField(required=False, widget=forms.HiddenInput)

    found: Sequence[FoundSkill] = ()

    def clean_version(self) -> str | None:
        version: str = self.cleaned_data["version"].strip()
        if version and not is_version(version):
            raise forms.ValidationError(f"{version!r} is not a semantic version such as 1.0.0.")
        return version or None

    def clean(self) -> dict[str, Any]:
        """Read the zips; what is wrong with one that holds nothing to import is said beside the field."""
        uploads = self.cleaned_data.get("bundle") or []
        try:
            self.found = _found_in([upload.file for upload in uploads]) if uploads else self._found_again()
        except BundleRefused as refused:
            self.add_error("bundle", str(refused))
        if self.found and not any(one.bundle for one in self.found):
            several = len(self.found) > 1
            told = [
                f"{one.place}: {problem}" if several else str(problem)
                for one in self.found
                for problem in one.problems
            ]
            self.add_error("bundle", [forms.ValidationError(problem) for problem in told])
        return self.cleaned_data

    def keep(self) -> str:
        """Store the uploads; the value of `kept` that stands for them."""
        if self.cleaned_data["kept"] and not self.cleaned_data["bundle"]:
            return str(self.cleaned_data["kept"])
        digests = []
        for upload in self.cleaned_data["bundle"]:
            upload.file.seek(0)
            digests.append(store_blob(upload.file, now=timezone.now()).sha256)
        return signing.dumps(digests, salt=_SALT)

    def _found_again(self) -> Sequence[FoundSkill]:
        """What is in zips that were kept."""
        if not self.cleaned_data.get("kept"):
            self.add_error("bundle", "This field is required.")
            return ()
        try:
            digests = signing.loads(self.cleaned_data["kept"], salt=_SALT, max_age=_KEPT_SECONDS)
            with ExitStack() as stack:
                return _found_in([stack.enter_context(open_blob(digest)) for digest in digests])
        except (signing.BadSignature, FileNotFoundError):
            self.add_error("bundle", "The files are no longer there. Choose them again.")
            return ()


def _found_in(zips: Sequence[Any]) -> list[FoundSkill]:
    return [one for source in zips for one in skills_in_zip(source)]
