"""The admin of a kind of run: its list, and one page for all kinds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import HttpRequest
from unfold.decorators import display

from executions.admin.kit.timeline import Entry
from executions.admin.kit.tree import Relative
from spaces.admin.kit.formatting import dollars, took
from spaces.admin.kit.pages import NamedChange, RecordAdmin


@dataclass(frozen=True)
class RunPage:
    """A run as `admin/run_page.html` draws it, read once.

    `drawn_to` is the number of the event up to which what was written is among the entries; `total` what the
    run used with all that it called.
    """

    run: Any
    entries: Sequence[Entry]
    has_older_entries: bool
    drawn_to: int
    tree: Sequence[Relative]
    total: Any

    id_name: ClassVar[str]  # what its live log is asked for by
    logs_text: ClassVar[bool]  # whether a text becomes an entry while it is written

    @property
    def title(self) -> str:
        raise NotImplementedError

    @property
    def name(self) -> str:
        """What the head of the page calls the run."""
        return str(self.run)

    @property
    def fitting(self) -> Mapping[str, str]:
        """The verbs that would change the run; with why one is refused, or ""."""
        raise NotImplementedError

    @property
    def is_over(self) -> bool:
        return self.run.finished_at is not None

    @property
    def live(self) -> dict[str, Any]:
        """What live-run.js begins with."""
        target = {self.id_name: str(self.run.pk)}
        return {"target": target, "is_over": self.is_over, "logs_text": self.logs_text}


class RunAdmin(RecordAdmin):
    """Base of the admin classes of runs; `read_run` reads what a page shows."""

    time_field = "created_at"

    @display(description="Duration")
    def shown_duration(self, run: Any) -> str:
        return took(run)

    @display(description="Cost")
    def shown_cost(self, run: Any) -> str:
        return dollars(run.cost_usd)

    def read_run(self, address: str) -> RunPage | None:
        """Everything on the page, in a bounded number of queries."""
        raise NotImplementedError

    def read_page(self, request: HttpRequest, address: str) -> dict[str, Any] | None:
        page = self.read_run(address)
        if page is None:
            return None
        return {
            "title": page.title,
            "original": NamedChange(page.run, page.name),
            "page": page,
            "buttons": self.buttons(request, page.run.pk, page.fitting),
            "may_steer": self.may_steer(request),
        }
