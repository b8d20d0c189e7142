"""API keys in the admin: made, shown once, revoked."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextInputWidget

from spaces.admin.kit.changelist import NewestFirstChangeList
from spaces.admin.kit.steering import FittingActions, confirmation
from spaces.ids import parse_uuid
from spaces.keys import create_key, revoke_key
from spaces.models import ApiKey, Principal

STATES = {"Active": "success", "Expired": "warning", "Disabled": "warning", "Revoked": "danger"}
REVOKE_DIALOG = confirmation(
    "Revoke this key?", "Whoever uses it is refused from now on. A revoked key never works again.", "Revoke"
)


class NewKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """Whom the key stands for, and what it may reach."""

    permissions = forms.CharField(
        initial="*",
        widget=UnfoldAdminTextInputWidget,
        help_text="`resource:verb`, separated by spaces or commas, such as `executions:read files:manage`. "
        "`*` is everything that the principal's role permits.",
    )

    class Meta:
        model = ApiKey
        fields = ("principal", "name", "description", "permissions", "all_spaces", "spaces", "expires_at")

    def clean_permissions(self) -> list[str]:
        permissions = self.cleaned_data["permissions"].replace(",", " ").split()
        for permission in permissions:
            resource, _, verb = permission.partition(":")
            if permission != "*" and (not resource or verb not in {"read", "manage"}):
                raise forms.ValidationError(
                    f"{permission!r} is not `resource:read`, `resource:manage` or `*`."
                )
        return list(permissions)

    def clean_principal(self) -> Principal:
        principal: Principal = self.cleaned_data["principal"]
        if principal.tenant_id is None:
            raise forms.ValidationError("An operator works by session: no key reaches across tenants.")
        return principal

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        principal, spaces = cleaned.get("principal"), cleaned.get("spaces") or ()
        if principal is not None and any(space.tenant_id != principal.tenant_id for space in spaces):
            self.add_error("spaces", "A key reaches only spaces of its principal's tenant.")
        if not cleaned.get("all_spaces") and not spaces:
            self.add_error("spaces", "Choose spaces, or all spaces of the principal.")
        return cleaned


@admin.register(ApiKey)
class ApiKeyAdmin(FittingActions, NewestFirstChangeList):
    """Credentials: the token is shown when it is made and never again."""

    list_display = ("name", "prefix", "shown_state", "principal", "tenant", "last_used_at", "created_at")
    list_select_related = ("principal", "tenant")
    list_filter = (("principal", AutocompleteSelectFilter), ("tenant", AutocompleteSelectFilter))
    list_filter_submit = True
    search_exact = ("prefix",)
    search_help_text = "Prefix (the part after cb_) or id"
    actions_detail = ("revoke",)
    autocomplete_fields = ("principal", "spaces")
    add_fieldsets: ClassVar[Any] = ((None, {"fields": NewKeyForm.Meta.fields}),)
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("name", "description", "prefix", "shown_state", "principal", "tenant")}),
        ("Reach", {"fields": ("permissions", "all_spaces", "spaces")}),
        ("Times", {"fields": ("created_at", "expires_at", "last_used_at", "disabled_at", "revoked_at")}),
        ("In the workspace API", {"fields": ("id", "external_id", "labels", "is_default")}),
    )

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = NewKeyForm
        return super().get_form(request, obj, **kwargs)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """One button: the page after it shows the token, once."""
        one_button = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**(extra_context or {}), **one_button})

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """A key is never edited: revoke it and make another."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("spaces.change_apikey")

    @display(description="State", label=STATES)
    def shown_state(self, key: ApiKey) -> str:
        if key.revoked_at is not None:
            return "Revoked"
        if key.disabled_at is not None:
            return "Disabled"
        return "Expired" if key.expires_at is not None and key.expires_at <= timezone.now() else "Active"

    def search_condition(self, term: str) -> Any:
        """The prefix, also where somebody pastes more of the token: the rest of it is never compared."""
        parts = term.split("_")
        return super().search_condition(parts[1] if parts[0] == "cb" and len(parts) > 1 else term)

    def fitting_actions(self, object_id: str) -> tuple[str, ...]:
        """A revoked key is revoked for good."""
        key_id = parse_uuid(object_id)
        is_open = key_id is not None and ApiKey.objects.filter(pk=key_id, revoked_at=None).exists()
        return ("revoke",) if is_open else ()

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: Any) -> None:
        """Make the key by its action; `obj` becomes the row, and the token goes to the page that shows it."""
        chosen = form.cleaned_data
        key, token = create_key(
            principal=chosen["principal"],
            name=chosen["name"],
            permissions=chosen["permissions"],
            spaces=None if chosen["all_spaces"] else chosen["spaces"],
            now=timezone.now(),
            expires_at=chosen["expires_at"],
            description=chosen["description"],
        )
        for column in ApiKey._meta.concrete_fields:
            setattr(obj, column.attname, getattr(key, column.attname))
        obj._state.adding = False
        request.shown_once = token  # type: ignore[attr-defined]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """Nothing: the action has written the key's spaces."""

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: Any = None) -> HttpResponse:
        """Answer with the token itself: it is kept in no cookie, session or message."""
        context = {
            **self.admin_site.each_context(request),
            "title": "The key is made",
            "opts": self.opts,
            "key": obj,
            "token": request.shown_once,  # type: ignore[attr-defined]
        }
        response = TemplateResponse(request, "admin/spaces/apikey/shown_once.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @action(
        description="Revoke",
        permissions=("revoke",),
        dialog=REVOKE_DIALOG,
        variant=ActionVariant.DANGER,
        icon="block",
    )
    def revoke(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        key_id = parse_uuid(object_id)
        if key_id is None or not ApiKey.objects.filter(pk=key_id).exists():
            raise Http404
        key = revoke_key(key_id=key_id, now=timezone.now())
        messages.success(request, format_html("<bdi>{}</bdi> is revoked.", key))
        return HttpResponseRedirect(reverse("admin:spaces_apikey_change", args=(key_id,)))
