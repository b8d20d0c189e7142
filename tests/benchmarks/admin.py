"""Part 6: the admin's pages of executions, with many of them in the table."""

import uuid
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import psycopg

from spaces.admin.kit.keyset import Place
from tests.benchmarks.context import Context, Dataset
from tests.benchmarks.failures import NotMeasured
from tests.benchmarks.figures import Figure
from tests.benchmarks.pages import DETAILS, Page, measure_pages, row_of
from tests.benchmarks.seeding import tool_call_id
from tests.benchmarks.servers import web

EXECUTIONS = "/admin/executions/skillexecution/"
_ROW = row_of("skillexecution")

_AT = "SELECT id, created_at FROM executions_skillexecution WHERE chat_tool_call_id = %s"


def measure_admin(context: Context) -> list[Figure]:
    """Milliseconds until the last byte of a page's HTML; all kinds in turns, one client."""
    with web(context.dataset.site) as server:
        return measure_pages("admin", _pages(context.dataset), context, server)


def _pages(dataset: Dataset) -> list[Page]:
    """What an operator opens: the first page, the lists, and single executions from all over the table."""
    numbers = range(1, dataset.rows + 1, max(dataset.rows // DETAILS, 1))
    with psycopg.connect(dataset.site.database_url) as connection:
        ids = [_found(connection, number)[0] for number in numbers]
        middle_id, middle_at = _found(connection, dataset.rows // 2)
    return [
        Page("dashboard", ["/admin/"], _ROW),
        *_lists(dataset, middle_id, middle_at),
        Page("search without result", [_listed(q="call_of_nobody")], _ROW, has_rows=False),
        Page("filter without result", [_listed(state__exact="cancelled")], _ROW, has_rows=False),
        Page("one execution", [f"{EXECUTIONS}{each}/change/" for each in ids], _ROW),
    ]


def _lists(dataset: Dataset, middle_id: uuid.UUID, middle_at: datetime) -> list[Page]:
    """Rare and frequent, at the top and half way down, where the middle execution is."""
    skill, deep = dataset.ids["skill"], Place(is_older=True, number=9, at=middle_at, id=middle_id)
    broad = {"skill": skill, "source__exact": "chat", "space__id__exact": dataset.ids["space_id"]}
    asked = {
        "list, newest": _listed(),
        f"list, at depth {dataset.rows // 2:,}": _listed(p=str(deep)),
        "search by tool call id": _listed(q=tool_call_id(dataset.rows // 3)),
        "search by thread": _listed(q=f"thread-{dataset.rows // 60}"),
        "search by an id's beginning": _listed(q=middle_id.hex[:16]),
        "search by words": _listed(q=f"failed {skill}"),
        "filter by state": _listed(state__exact="failed"),
        "filter by skill, source and space": _listed(**broad),
        "filter by state and time": _listed(state__exact="failed", **_hour_before(middle_at)),
    }
    return [Page(what, [path], _ROW) for what, path in asked.items()]


def _found(connection: psycopg.Connection, number: int) -> tuple[uuid.UUID, datetime]:
    """Id and time of the seeded execution of this number."""
    row = connection.execute(_AT, [tool_call_id(number)]).fetchone()
    if row is None:
        raise NotMeasured(f"the seeded execution {number} is not there")
    return row[0], row[1]


def _hour_before(end: datetime) -> dict[str, str]:
    """The time filter's fields, a date and a time for each end, which are read as UTC."""
    ends = {"from": end.astimezone(UTC) - timedelta(hours=1), "to": end.astimezone(UTC)}
    days = {f"created_at_{name}_0": f"{at:%Y-%m-%d}" for name, at in ends.items()}
    return days | {f"created_at_{name}_1": f"{at:%H:%M}" for name, at in ends.items()}


def _listed(**asked: str) -> str:
    return f"{EXECUTIONS}?{urlencode(asked)}"
