"""Rows that machines write: a list, and a page drawn by a template instead of a form."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from spaces.admin.kit.changelist import NewestFirstChangeList, ReadOnly
from spaces.admin.kit.formatting import below, clipped, to_the_second
from spaces.admin.kit.steering import Steered


@dataclass(frozen=True, slots=True)
class NamedChange:
    """A row under a name: what unfold reads of the `original` of a page."""

    row: Model
    name: str

    @property
    def _meta(self) -> Any:
        return self.row._meta

    @property
    def pk(self) -> Any:
        return self.row.pk

    def __str__(self) -> str:
        return self.name


class RecordAdmin(ReadOnly, Steered, NewestFirstChangeList):
    """Base of the admin classes of what happens in spaces: looked at, and steered by verbs."""

    page_template: ClassVar[str]
    list_select_related: ClassVar[Any] = ("space__tenant",)
    list_filter_submit = True
    list_fullwidth = True
    actions = None
    fields = ()

    @display(description="Space")
    def shown_space(self, row: Any) -> SafeString:
        """With the tenant that it belongs to below."""
        tenant = below(row.space.tenant.name, "is-name cb-dim")
        return format_html("{}{}", clipped(row.space.name, "is-name"), tenant)

    @display(description="Created")
    def shown_time(self, row: Any) -> str:
        return to_the_second(row.created_at)

    def read_page(self, request: HttpRequest, address: str) -> dict[str, Any] | None:
        """What the template of a row's page shows, by the id in its address; None for no such row."""
        raise NotImplementedError

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        page = self.read_page(request, object_id)
        if page is None:
            raise Http404
        return self.render(request, self.page_template, page)

    def render(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        """A page inside the admin's frame."""
        context = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, template, context)
