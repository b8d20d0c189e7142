"""Tool calls in the admin: the list, the page of one of them, and the queue of those that wait."""

import uuid
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from objectives.admin.actions import CALL_VERBS, SCOPES
from objectives.admin.calls import ShownCall, call_state
from objectives.admin.content_form import ContentForm
from objectives.admin.page import tool_sets_of
from objectives.admin.queue import read_queue, read_settled
from objectives.admin.read_only import row_id
from objectives.ids import Prefix
from objectives.models import ToolCall
from spaces.admin.kit.formatting import (
    MOST_REASON,
    badge,
    below,
    clipped,
    duration,
    link_to,
    to_the_second,
    url_of,
)
from spaces.admin.kit.pages import NamedChange, RecordAdmin
from spaces.admin.kit.steering import Verb

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
class ToolCallAdmin(RecordAdmin):
    """What agents asked for; written by machines, decided by people."""

    page_template = "admin/objectives/toolcall/page.html"
    verbs = CALL_VERBS
    steered_by = "objectives.change_toolcall"
    scopes = SCOPES
    steering_columns = ("objective_id", "called_as")
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
    search_help_text = "Id of the call or of its objective"

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

    @display(description="Decided by")
    def shown_decider(self, call: ToolCall) -> SafeString | str:
        return clipped(str(call.decided_by), "is-name") if call.decided_by else "–"

    @display(description="Asked")
    def shown_time(self, call: ToolCall) -> str:
        return to_the_second(call.created_at)

    @display(description="Duration")
    def shown_duration(self, call: ToolCall) -> str:
        return duration(call.started_at, call.settled_at)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ToolCall]":
        return super().get_queryset(request).only(*LISTED)

    def search_condition(self, term: str) -> Q:
        call_id, objective_id = row_id(Prefix.TOOL_CALL, term), row_id(Prefix.OBJECTIVE, term)
        return Q(pk=call_id) | Q(objective_id=objective_id) if call_id or objective_id else Q(pk__in=[])

    def get_urls(self) -> list[URLPattern]:
        """The queue, and content, before Django's own routes, whose ids would swallow them."""
        ours = [
            path("waiting/", self.waiting_view, name="objectives_toolcall_waiting"),
            path("waiting/settled/", self.settled_view, name="objectives_toolcall_settled"),
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
        # Without `opts` the head of the page says its title alone: it is no page of the list of calls.
        context = {
            "title": "Waits for people",
            "page": page,
            "may_decide": self.may_steer(request),
            "opts": None,
        }
        return self.render(request, "admin/objectives/toolcall/waiting.html", context)

    def settled_view(self, request: HttpRequest) -> JsonResponse:
        """What became of calls (`call`, repeated), in words by id."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return JsonResponse(read_settled(request.GET.getlist("call")))

    def supply_view(self, request: HttpRequest, call_id: uuid.UUID) -> HttpResponse:
        """Take what a call waits for; what is wrong with it is said on the call's page."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.may_steer(request):
            raise PermissionDenied
        form = ContentForm(request.POST, request.FILES)
        if form.is_valid():
            return self.steer(request, call_id, Verb("Give content", form.supply))
        page = self.read_page(request, str(call_id), form)
        if page is None:
            raise Http404
        return self.render(request, self.page_template, page)

    def read_page(
        self, request: HttpRequest, address: str, form: ContentForm | None = None
    ) -> dict[str, Any] | None:
        """By id in either spelling."""
        related = ("objective__agent", "space__tenant", "created_by", "decided_by", "step", "tool__tool_set")
        rows = ToolCall.objects.select_related(*related).defer("step__request", "step__response")
        call_id = row_id(Prefix.TOOL_CALL, address)
        call = rows.filter(pk=call_id).first() if call_id else None
        if call is None:
            return None
        shown = ShownCall(call, tool_sets_of(call.objective).get(call.called_as, ""))
        return {
            "title": call.called_as,
            "original": NamedChange(call, f"{call.called_as}, {shown.public_id}"),
            "shown": shown,
            "shown_tool": link_to(call.tool),
            "may_decide": self.may_steer(request),
            "form": form or ContentForm(),
            "next": url_of(call),
        }
