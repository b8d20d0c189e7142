"""The form with which the desk answers a tool call that waits for its content."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminFileFieldWidget

from objectives.actions.supplied_results import supply_content
from objectives.models import ToolCall
from objectives.tool_results.blocks import keep_media
from objectives.tool_results.outcome import MOST_TEXT, Media, Text, media_type
from spaces.access import SpaceAccess
from spaces.admin.kit.steering import Done

MOST_BYTES = 5 * 1024 * 1024  # of a file, as of what a tool over HTTP answers


class ContentForm(forms.Form):
    """A text, one image or sound, or both."""

    text = forms.CharField(required=False, strip=False, max_length=MOST_TEXT)
    file = forms.FileField(
        required=False,
        max_length=255,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": "image/*,audio/*"}),
    )

    def clean_text(self) -> str:
        """Browsers end lines as forms always did; a text of blanks is none."""
        text: str = self.cleaned_data["text"]
        return text.replace("\r\n", "\n") if text.strip() else ""

    def clean_file(self) -> "UploadedFile[Any] | None":
        """Raises ValidationError for another type of file, and for one that is too large."""
        file: UploadedFile[Any] | None = self.cleaned_data["file"]
        if file is None:
            return None
        if not media_type(file.content_type or ""):
            raise forms.ValidationError("Only image and audio files can be attached; send the rest as text.")
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError(f"The file is larger than {MOST_BYTES // 1024**2} MiB.")
        return file

    def clean(self) -> dict[str, Any] | None:
        """Raises ValidationError where there is nothing to give."""
        given = super().clean()
        if not self.errors and not any(self.cleaned_data.get(name) for name in ("text", "file")):
            raise forms.ValidationError("Enter a text or choose a file.")
        return given

    def supply(self, access: SpaceAccess, call: ToolCall, _: QueryDict) -> Done:
        """Give a valid form's content to a call that waits for it; the bytes of its file are stored."""
        now = timezone.now()
        text, file = self.cleaned_data["text"], self.cleaned_data["file"]
        drafts: list[Text | Media] = [Text(text)] if text else []
        if file is not None:
            drafts.append(keep_media(file.file, media_type(file.content_type), now=now))
        supply_content(access=access, objective_id=call.objective_id, call_id=call.id, drafts=drafts, now=now)
        url = reverse("admin:objectives_objective_change", args=(call.objective_id,))
        return Done(f"{call.called_as} has its content.", url)
