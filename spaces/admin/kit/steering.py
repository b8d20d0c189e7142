"""The admin's verbs: their buttons, what is asked first, who may, and what is said afterwards."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from spaces.access import SpaceAccess, desk_access
from spaces.admin.kit.formatting import url_of
from spaces.errors import DomainError, NotFound
from spaces.models import Principal


class Done(NamedTuple):
    """What a verb has done, in a sentence, and the page that shows it: "" is that of the row."""

    said: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Verb:
    """A button and what it does with a row; a `question` is asked first and answered by `answer`."""

    title: str
    does: Callable[[SpaceAccess, Any, QueryDict], Done]
    question: str = ""
    consequence: str = ""
    answer: str = ""
    look: str = ""


class Button(NamedTuple):
    """A verb on a row's page; `refused` says why it is there and does nothing."""

    verb: Verb
    url: str
    refused: str


class Steered(ModelAdmin):
    """For rows of spaces: each of `verbs` has an address below the row's and answers to a POST.

    `steered_by` is the Django permission of whoever may, `scopes` what they may then do in the row's space,
    `steering_columns` the columns that the verbs read beside the row's id.
    """

    verbs: ClassVar[Mapping[str, Verb]] = {}
    steered_by: ClassVar[str]
    scopes: ClassVar[frozenset[str]]
    steering_columns: ClassVar[tuple[str, ...]] = ()

    def may_steer(self, request: HttpRequest) -> bool:
        return request.user.has_perm(self.steered_by)

    def buttons(self, request: HttpRequest, row_id: Any, fitting: Mapping[str, str]) -> list[Button]:
        """Those of the verbs that fit a row, by name, for whoever may; with why one is refused, or ""."""
        if not self.may_steer(request):
            return []
        return [Button(self.verbs[name], self._url(name, row_id), why) for name, why in fitting.items()]

    def get_urls(self) -> list[URLPattern]:
        """The verbs before Django's own routes, whose ids would swallow them."""
        ours = [
            path(
                f"<uuid:row_id>/{name}/",
                self.admin_site.admin_view(require_POST(partial(self.steer, verb=verb))),
                name=f"{self.opts.app_label}_{self.opts.model_name}_{name}",
            )
            for name, verb in self.verbs.items()
        ]
        return [*ours, *super().get_urls()]

    def steer(self, request: HttpRequest, row_id: Any, verb: Verb) -> HttpResponse:
        """Run a verb with the desk's access to the row's space; what it refuses is said on the page.

        Leads to the page that asked (`next`), else to the one that shows what was done. Raises
        PermissionDenied for whoever may only look, and Http404.
        """
        if not self.may_steer(request):
            raise PermissionDenied
        columns = ("pk", "space_id", *self.steering_columns)
        row: Any = self.model._default_manager.filter(pk=row_id).only(*columns).first()
        if row is None or not isinstance(request.user, Principal):
            raise Http404
        url = ""
        try:
            said, url = verb.does(desk_access(request.user, row.space_id, self.scopes), row, request.POST)
            messages.success(request, said)
        except NotFound as error:
            raise Http404 from error
        except DomainError as error:
            messages.error(request, error.message)
        asked = request.POST.get("next", "")
        is_ours = asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
        return HttpResponseRedirect(asked if is_ours else url or url_of(row))

    def _url(self, name: str, row_id: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{name}", args=(row_id,))


def confirmation(title: str, description: str, button: str) -> dict[str, Any]:
    """What is asked before the action runs, for unfold's `@action(dialog=…)`; only a POST runs it."""
    return {"title": title, "description": description, "form_submit_text": button}


class FittingActions:
    """For forms with actions of unfold's, of which not all would always change something."""

    def fitting_actions(self, object_id: str) -> Collection[str]:
        """The names of those that would change this row."""
        raise NotImplementedError

    def get_actions_detail(self, request: HttpRequest, object_id: int | str) -> Any:
        """Only those are offered that change something; their addresses stay."""
        fitting = self.fitting_actions(str(object_id))
        actions = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        return [action for action in actions if action.method.original_function_name in fitting]
