"""People and machines in the admin."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, SetPasswordMixin
from django.core.exceptions import PermissionDenied
from django.core.validators import EMPTY_VALUES
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm
from unfold.widgets import UnfoldAdminPasswordWidget

from spaces.admin.tenants import MembershipInline, StampedOnce
from spaces.models import Membership, Principal, PrincipalKind

PASSWORD_HELP = "People sign in with it; a machine acts by API key and has none."  # noqa: S105 - it is no password


class PrincipalRules:
    """What the database insists on, said at the field."""

    cleaned_data: dict[str, Any]
    fields: dict[str, Any]
    instance: Principal

    def clean(self) -> dict[str, Any]:
        """Errors for a person without email, for staff of a tenant, and for machines as staff."""
        cleaned = super().clean() or self.cleaned_data  # type: ignore[misc]
        is_person = self._value("kind") == PrincipalKind.PERSON
        if is_person and self._value("email") in EMPTY_VALUES:
            self._refuse("email", "A person needs an email address to sign in.")
        cleaned["email"] = cleaned.get("email") or None
        is_staff = self._value("is_staff") or self._value("is_superuser")
        if is_staff and self._value("tenant") is not None:
            self._refuse("is_staff", "The admin shows all tenants: its staff belong to none.")
        if is_staff and not is_person:
            self._refuse("is_staff", "Only people can open the admin.")
        return cleaned

    def _value(self, name: str) -> Any:
        """What the row will hold: as typed, or as it is where the form does not ask (a read-only field)."""
        return self.cleaned_data.get(name) if name in self.fields else getattr(self.instance, name)

    def _refuse(self, name: str, why: str) -> None:
        self.add_error(name if name in self.fields else None, why)  # type: ignore[attr-defined]


class NewPrincipalForm(PrincipalRules, AdminUserCreationForm):  # type: ignore[type-arg]
    """A person with a password, or a machine without one."""

    password1, password2 = SetPasswordMixin.create_password_fields()
    usable_password = None  # type: ignore[assignment]  # the kind decides

    class Meta:
        model = Principal
        fields = ("kind", "tenant", "email", "display_name")
        field_classes: ClassVar[dict[str, Any]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("password1", "password2"):
            self.fields[name].required = False  # whether it is, the kind decides
            self.fields[name].widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})
        self.fields["password1"].help_text = PASSWORD_HELP

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("kind") == PrincipalKind.MACHINE:
            self.cleaned_data["usable_password"] = "false"  # noqa: S105 - a choice, no password
        return super().clean()


class PrincipalForm(PrincipalRules, UserChangeForm):
    """A principal as it is; its password has a form of its own."""

    class Meta:
        model = Principal
        fields = "__all__"  # the admin's fieldsets choose
        field_classes: ClassVar[dict[str, Any]] = {}


class SpacesInline(MembershipInline):
    """The spaces of a principal."""

    model = Membership
    fields = ("space", "role")
    autocomplete_fields = ("space",)


@admin.register(Principal)
class PrincipalAdmin(StampedOnce, UserAdmin):  # type: ignore[misc,type-arg]
    """Whoever acts: people of tenants, their machines, and the deployment's operators."""

    form = PrincipalForm
    add_form = NewPrincipalForm
    change_password_form = AdminPasswordChangeForm
    add_form_template = None

    list_display = ("display_name", "shown_kind", "email", "tenant", "is_active", "is_staff", "created_at")
    list_select_related = ("tenant",)
    list_filter = (("kind", ChoicesDropdownFilter), ("tenant", AutocompleteSelectFilter))
    list_filter_submit = True
    search_fields = ("pk",)
    search_prefix = ("email",)
    search_help_text = "Beginning of the email, name, or id"
    filter_horizontal = ()
    ordering = ("-pk",)
    autocomplete_fields = ("tenant", "groups")
    readonly_fields = ("id", "created_at", "last_login")
    inlines = (SpacesInline,)
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("display_name", "kind", "tenant", "email", "password")}),
        ("State", {"fields": ("is_active", "id", "created_at", "last_login")}),
        ("Admin", {"fields": ("is_staff", "is_superuser", "groups", "user_permissions")}),
    )
    add_fieldsets: Any = (
        (None, {"fields": ("kind", "tenant", "email", "display_name", "password1", "password2")}),
    )

    @display(description="Kind", label={"Person": "info", "Machine": "warning", "Operator": "success"})
    def shown_kind(self, principal: Principal) -> str:
        return "Operator" if principal.is_superuser else principal.get_kind_display()

    def search_condition(self, term: str) -> Q:
        # Names have no index: principals number in the thousands, not the millions.
        return super().search_condition(term) | Q(display_name__icontains=term)

    def get_inlines(self, request: HttpRequest, obj: Principal | None) -> Any:
        return self.inlines if obj and obj.tenant_id else ()

    def get_readonly_fields(self, request: HttpRequest, obj: Principal | None = None) -> tuple[str, ...]:
        """Only operators make staff; tenant and kind stay, since keys and runs rely on them."""
        fixed = ("kind", "tenant") if obj else ()
        staff = () if _is_operator(request) else ("is_staff", "is_superuser", "groups", "user_permissions")
        return (*self.readonly_fields, *fixed, *staff)

    def has_change_permission(self, request: HttpRequest, obj: Principal | None = None) -> bool:
        """Staff with Django permissions never reach above themselves."""
        if obj is not None and (obj.is_staff or obj.is_superuser) and not _is_operator(request):
            return False
        return bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Principal | None = None) -> bool:
        """Nobody is deleted: what they did stays attributed to them. Take `active` away instead."""
        return False

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """The password form, for people only."""
        principal = self.get_object(request, id)
        if principal is not None and principal.kind == PrincipalKind.MACHINE:
            raise PermissionDenied("A machine has no password.")
        return super().user_change_password(request, id, form_url)


def _is_operator(request: HttpRequest) -> bool:
    return isinstance(request.user, Principal) and request.user.is_superuser
