"""Tool calls in the admin: the list, the page of one of them, and the queue of those that wait."""

import uuid
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from executions.admin.shown import MOST_REASON, below, clipped, duration, place
from executions.templatetags.humane import to_the_second
from objectives.admin.calls import ShownCall
from objectives.admin.content_form import ContentForm
from objectives.admin.page import tool_sets_of
from objectives.admin.queue import read_queue, read_settled
from objectives.admin.shown import badge, call_state, link_to, row_id
from objectives.admin.steering import ask_approve, ask_deny, may_decide, supply
from objectives.models import ToolCall
from objectives.spelling import Prefix
from spaces.admin.lists import NewestFirst, ReadOnly
from spaces.admin.naming import Named

LISTED = (
    "id",
    "called_as",
    "kind",
    "approval",
    "awaits_judgement",
    "execution",
    "error_type",
    "error_message",
    "created_at",
    "started_at",
    "settled_at",
    "decided_by__display_name",
    "decided_by__email",
    "caller__name",
    "space__name",
    "space__tenant__name",
)


@admin.register(ToolCall)
class ToolCallAdmin(ReadOnly, NewestFirst):
    """What agents asked for; written by machines, decided by people."""

    list_display = (
        "shown_state",
        "shown_function",
        "shown_agent",
        "shown_space",
        "shown_decider",
        "shown_time",
        "shown_duration",
    )
    list_display_links = ("shown_state", "shown_function")
    list_select_related = ("space__tenant", "caller", "decided_by")
    list_filter: ClassVar[Any] = (
        ("approval", ChoicesDropdownFilter),
        ("execution", ChoicesDropdownFilter),
        ("caller", AutocompleteSelectFilter),
        ("space", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_fullwidth = True
    actions = None
    search_help_text = "Id of the call or of its objective"
    fields = ()

    @display(description="State")
    def shown_state(self, call: ToolCall) -> SafeString:
        return badge(*call_state(call))

    @display(description="Called")
    def shown_function(self, call: ToolCall) -> SafeString:
        reason = (call.error_message or call.get_error_type_display())[:MOST_REASON]
        note = below(reason, "is-why") if reason else below(call.get_kind_display(), "cb-dim")
        return format_html("{}{}", clipped(call.called_as, "is-name"), note)

    @display(description="Agent")
    def shown_agent(self, call: ToolCall) -> SafeString | str:
        return clipped(call.caller.name, "is-name")

    @display(description="Space")
    def shown_space(self, call: ToolCall) -> SafeString:
        return place(call.space.name, call.space.tenant.name)

    @display(description="Decided by")
    def shown_decider(self, call: ToolCall) -> SafeString | str:
        return clipped(str(call.decided_by), "is-name") if call.decided_by else "–"

    @display(description="Asked")
    def shown_time(self, call: ToolCall) -> str:
        return to_the_second(call.created_at)

    @display(description="Duration")
    def shown_duration(self, call: ToolCall) -> str:
        return duration(call.started_at, call.settled_at, timezone.now())

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ToolCall]":
        return super().get_queryset(request).only(*LISTED)

    def search_condition(self, term: str) -> Q:
        call_id, objective_id = row_id(Prefix.TOOL_CALL, term), row_id(Prefix.OBJECTIVE, term)
        return Q(pk=call_id) | Q(objective_id=objective_id) if call_id or objective_id else Q(pk__in=[])

    def get_urls(self) -> list[URLPattern]:
        """The queue and the verbs before Django's own routes, whose ids would swallow them."""
        ours = [
            path("waiting/", self.waiting_view, name="objectives_toolcall_waiting"),
            path("waiting/settled/", self.settled_view, name="objectives_toolcall_settled"),
            path("<uuid:call_id>/approve/", ask_approve, name="objectives_toolcall_approve"),
            path("<uuid:call_id>/deny/", ask_deny, name="objectives_toolcall_deny"),
            path("<uuid:call_id>/content/", self.supply_view, name="objectives_toolcall_supply"),
        ]
        for each in ours:
            each.callback = self.admin_site.admin_view(each.callback)
        return [*ours, *super().get_urls()]

    def waiting_view(self, request: HttpRequest) -> HttpResponse:
        """Everything that waits for people, oldest first, with the decisions on the page."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        page = read_queue(
            place=request.GET.get("after", ""), space=request.GET.get("space", ""), now=timezone.now()
        )
        context = {"title": "Waits for people", "page": page, "may_decide": may_decide(request)}
        # Without `opts` the head of the page says its title alone: it is no page of the list of calls.
        return self._render(request, "waiting.html", {**context, "opts": None})

    def settled_view(self, request: HttpRequest) -> JsonResponse:
        """What became of calls (`call`, repeated), in words by id."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return JsonResponse(read_settled(request.GET.getlist("call")))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page of one call, by id in either spelling: no form, since nothing on it is edited."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self._page(request, _found(object_id))

    def supply_view(self, request: HttpRequest, call_id: uuid.UUID) -> HttpResponse:
        """Take what a call waits for; what is wrong with it is said on the call's page."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not may_decide(request):
            raise PermissionDenied
        call, form = _found(str(call_id)), ContentForm(request.POST, request.FILES)
        return supply(request, call, form) if form.is_valid() else self._page(request, call, form)

    def _page(self, request: HttpRequest, call: ToolCall, form: ContentForm | None = None) -> HttpResponse:
        shown = ShownCall(call, tool_sets_of(call.objective).get(call.called_as, ""))
        context = {
            "title": call.called_as,
            "original": Named(call, f"{call.called_as}, {shown.public_id}"),
            "shown": shown,
            "shown_tool": link_to(call.tool),
            "may_decide": may_decide(request),
            "form": form or ContentForm(),
            "next": reverse("admin:objectives_toolcall_change", args=(call.pk,)),
        }
        return self._render(request, "page.html", context)

    def _render(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, f"admin/objectives/toolcall/{template}", context)


def _found(address: str) -> ToolCall:
    """A call with what its page shows, by id in either spelling; raises Http404."""
    related = ("objective__agent", "space__tenant", "created_by", "decided_by", "step", "tool__tool_set")
    rows = ToolCall.objects.select_related(*related).defer("step__request", "step__response")
    call_id = row_id(Prefix.TOOL_CALL, address)
    call = rows.filter(pk=call_id).first() if call_id else None
    if call is None:
        raise Http404
    return call
