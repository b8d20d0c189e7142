"""Tenants and spaces in the admin, with who is in them."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.options import InlineModelAdmin
from django.db.models import Q
from django.forms import BaseModelFormSet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget

from spaces.admin.kit.changelist import NewestFirstChangeList
from spaces.models import Membership, Space, Tenant

TOOLS = (
    ("workspace.fs.list", "workspace.fs.list: list the files of its workspace"),
    ("workspace.fs.read", "workspace.fs.read: read them"),
    ("workspace.fs.write", "workspace.fs.write: write them"),
    ("workspace.code.python", "workspace.code.python: run Python in the sandbox"),
    ("workspace.shell", "workspace.shell: run shell commands in the sandbox"),
    ("artifact.commit", "artifact.commit: keep files as artifacts"),
)


class SpaceForm(forms.ModelForm):  # type: ignore[type-arg]
    """A space; its policy is chosen from what the deployment has."""

    permitted_tools = forms.MultipleChoiceField(
        choices=TOOLS,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="A skill gets what it wants and its space permits.",
    )
    allowed_models = forms.MultipleChoiceField(
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="None chosen: every model of the deployment.",
    )
    default_model = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)

    def clean_provider_patience_seconds(self) -> int:
        """What was left empty stays as it was."""
        given: int | None = self.cleaned_data["provider_patience_seconds"]
        return self.instance.provider_patience_seconds if given is None else given

    def clean_labels(self) -> dict[str, str]:
        labels = self.cleaned_data["labels"] or {}
        if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
            raise forms.ValidationError('Write labels as an object of texts, such as {"team": "support"}.')
        return labels

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        models = [(alias, alias) for alias in ("demo", *settings.MODELS)]
        for name, choices in {
            "allowed_models": models,
            "default_model": [("", "The deployment's"), *models],
        }.items():
            if name in self.fields:
                self.fields[name].choices = _with_kept(choices, self.initial.get(name))  # type: ignore[attr-defined]
        if "provider_patience_seconds" in self.fields:
            self.fields["provider_patience_seconds"].required = False


class StampedOnce(NewestFirstChangeList):
    """For rows that a person makes here: `created_at` is when."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        if not change:
            obj.created_at = timezone.now()
        super().save_model(request, obj, form, change)

    def save_formset(
        self, request: HttpRequest, form: Any, formset: "BaseModelFormSet[Any, Any]", change: Any
    ) -> None:
        for row in formset.save(commit=False):
            if row._state.adding:
                row.created_at = timezone.now()
            row.save()
        for row in formset.deleted_objects:
            row.delete()
        formset.save_m2m()


class Kept:
    """For rows that everything else hangs on: never deleted here."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MembershipInline(TabularInline):
    """Who is in a space, and which spaces somebody is in."""

    model = Membership
    fields = ("principal", "role")
    autocomplete_fields = ("principal",)
    extra = 0
    per_page = 50

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("principal", "space").order_by("pk")


@admin.register(Tenant)
class TenantAdmin(Kept, StampedOnce):
    """Customers of the deployment."""

    list_display = ("name", "id", "created_at")
    search_prefix = ("name",)
    search_help_text = "Name or id"
    fields = ("name", "id", "created_at")
    readonly_fields = ("id", "created_at")

    def search_condition(self, term: str) -> Q:
        # Tenants are few: a scan by any part of the name is what people expect.
        return super().search_condition(term) | Q(name__icontains=term)


@admin.register(Space)
class SpaceAdmin(Kept, StampedOnce):
    """Places of work, with their policy and their members."""

    form = SpaceForm
    list_display = ("name", "tenant", "id", "created_at", "archived_at")
    list_select_related = ("tenant",)
    list_filter = (("tenant", AutocompleteSelectFilter),)
    list_filter_submit = True
    search_help_text = "Name or id"
    autocomplete_fields = ("tenant",)
    readonly_fields = ("id", "created_at")
    inlines = (MembershipInline,)
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("tenant", "name", "description", "id", "created_at", "archived_at")}),
        (
            "Policy",
            {
                "fields": (
                    "permitted_tools",
                    "allowed_models",
                    "default_model",
                    "run_budget_usd",
                    "provider_patience_seconds",
                )
            },
        ),
        ("In the workspace API", {"fields": ("external_id", "labels")}),
    )

    def search_condition(self, term: str) -> Q:
        return super().search_condition(term) | Q(name__icontains=term)

    def get_readonly_fields(self, request: HttpRequest, obj: Space | None = None) -> tuple[str, ...]:
        """A space never changes its tenant: its runs, keys and members belong to it."""
        return ("tenant", *self.readonly_fields) if obj else self.readonly_fields

    def get_inlines(
        self, request: HttpRequest, obj: Space | None
    ) -> "list[type[InlineModelAdmin[Any, Any]]]":
        return list(self.inlines) if obj else []


def _with_kept(choices: list[tuple[str, str]], kept: Any) -> list[tuple[str, str]]:
    """The choices, and what the row already holds of models that the deployment no longer has."""
    known = {value for value, _ in choices}
    held = kept if isinstance(kept, list) else [kept or ""]
    return [*choices, *((alias, f"{alias} (no longer configured)") for alias in held if alias not in known)]
