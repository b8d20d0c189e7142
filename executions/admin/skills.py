"""Skills in the admin: imported as zips, looked through, retired."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from executions.admin.bundle_form import BundleForm
from executions.admin.skill_import import import_found
from executions.admin.versions import VersionInline
from executions.catalog.retirement import restore_skill, retire_skill
from executions.catalog.sources import FoundSkill
from executions.models import Skill, SkillVersion
from spaces.admin.kit.changelist import NewestFirstChangeList
from spaces.admin.kit.steering import FittingActions, confirmation
from spaces.errors import NotFound
from spaces.ids import parse_uuid

RETIRE = confirmation(
    "Retire this skill?", "No new run starts from it. What runs goes on, and its versions stay.", "Retire"
)
RESTORE = confirmation("Restore this skill?", "Its newest version can be started again.", "Restore")


@admin.register(Skill)
class SkillAdmin(FittingActions, NewestFirstChangeList):
    """What chats and people can start."""

    list_display = ("slug", "shown_owner", "shown_state", "newest", "created_at")
    list_select_related = ("tenant",)
    list_filter = (("tenant", AutocompleteSelectFilter),)
    list_filter_submit = True
    search_prefix = ("slug",)
    search_help_text = "Slug or id"
    fields = ("slug", "shown_owner", "shown_state", "created_at", "retired_at", "id")
    readonly_fields = fields
    inlines = (VersionInline,)
    actions_detail = ("retire", "restore")

    @display(description="Belongs to")
    def shown_owner(self, skill: Skill) -> str:
        return skill.tenant.name if skill.tenant else "The deployment (every tenant has it)"

    @display(description="State", label={"In use": "success", "Retired": "warning"})
    def shown_state(self, skill: Skill) -> str:
        return "In use" if skill.retired_at is None else "Retired"

    @display(description="Newest version")
    def newest(self, skill: Skill) -> str:
        return skill.newest_version or "–"  # type: ignore[attr-defined]

    def get_queryset(self, request: HttpRequest) -> Any:
        newest = SkillVersion.objects.filter(skill=OuterRef("pk")).order_by("-order").values("version")[:1]
        return super().get_queryset(request).annotate(newest_version=Subquery(newest))

    def has_change_permission(self, request: HttpRequest, obj: Skill | None = None) -> bool:
        """A skill changes by importing a version, and by being retired."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Skill | None = None) -> bool:
        return False

    def has_retire_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("executions.change_skill")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Look at what zips hold, and import it; what is wrong with it is said by name beside the field."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = BundleForm(request.POST or None, request.FILES or None)
        found: Sequence[FoundSkill] = ()
        if request.method == "POST" and form.is_valid():
            if "preview" in request.POST:
                found = form.found
                form = BundleForm(initial={**form.cleaned_data, "bundle": None, "kept": form.keep()})
            elif versions := import_found(request, form):
                return HttpResponseRedirect(_page_of(versions))
        context = {
            **self.admin_site.each_context(request),
            "title": "Import skills",
            "opts": self.opts,
            "form": form,
            "found": found,
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "admin/executions/skill/import.html", context)

    @action(
        description="Retire",
        permissions=("retire",),
        dialog=RETIRE,
        variant=ActionVariant.DANGER,
        icon="archive",
    )
    def retire(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._answer(request, object_id, retired=True)

    @action(description="Restore", permissions=("retire",), dialog=RESTORE, icon="unarchive")
    def restore(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._answer(request, object_id, retired=False)

    def fitting_actions(self, object_id: str) -> tuple[str, ...]:
        is_retired = Skill.objects.filter(pk=_skill_id(object_id), retired_at__isnull=False).exists()
        return ("restore",) if is_retired else ("retire",)

    def _answer(self, request: HttpRequest, object_id: str, *, retired: bool) -> HttpResponse:
        skill_id = _skill_id(object_id)
        try:
            skill = (
                retire_skill(skill_id=skill_id, now=timezone.now())
                if retired
                else restore_skill(skill_id=skill_id)
            )
        except NotFound as error:
            raise Http404 from error
        messages.success(request, f"{skill} is {'retired' if retired else 'in use again'}.")
        return HttpResponseRedirect(reverse("admin:executions_skill_change", args=(skill_id,)))


def _page_of(versions: Sequence[SkillVersion]) -> str:
    """Where to look at what was imported: the one skill, or the list."""
    if len(versions) > 1:
        return reverse("admin:executions_skill_changelist")
    return reverse("admin:executions_skill_change", args=(versions[0].skill_id,))


def _skill_id(text: str) -> uuid.UUID:
    skill_id = parse_uuid(text)
    if skill_id is None:
        raise Http404
    return skill_id
