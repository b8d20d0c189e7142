"""Part 6: the admin's pages, as an operator who is signed in opens them."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import httpx2
import psycopg

from config.bench.apart import call_apart
from config.bench.failures import NotMeasured
from config.bench.figures import Figure, Spread
from config.bench.lines import Line, request_bytes
from config.bench.seeding import tool_call_id
from config.bench.servers import web
from config.bench.stage import Stage, World
from spaces.admin.places import Place

SLOWEST_MS = 300.0
DETAILS = 20  # executions whose pages are opened in turn
ASK_SECONDS = 60.0
EXECUTIONS = "/admin/executions/skillexecution/"
_ROW = re.compile(rb"/skillexecution/[0-9a-f-]{36}/change/")

_AT = "SELECT id, created_at FROM executions_skillexecution WHERE chat_tool_call_id = %s"


@dataclass(frozen=True)
class Page:
    """One kind of page, its addresses, and whether executions must be on it: an empty one proves nothing."""

    what: str
    paths: list[str]
    has_rows: bool = True


def measure_admin(stage: Stage) -> list[Figure]:
    """Milliseconds until the last byte of a page's HTML; all kinds in turns, one client."""
    world, steps = stage.world, stage.steps
    pages = _pages(world)
    with web(world.site) as server, _signed_in(world, server.port) as headers:
        for page in steps.over("admin: pages opened once and looked at", pages):
            _look_at(page, server.port, headers)
        targets = [{"port": server.port, "paths": page.paths, "headers": headers} for page in pages]
        steps.say(f"admin: {len(pages)} kinds of pages in turns")
        count = max(stage.effort.requests // 3, DETAILS)
        taken = call_apart("config.bench.lines.time_in_turns", seconds=900, targets=targets, count=count)
    return [_figure(page, Spread.of(samples)) for page, samples in zip(pages, taken, strict=True)]


def _figure(page: Page, spread: Spread) -> Figure:
    figure = Figure("admin", f"{page.what}, p95 (p50 {spread.p50:.0f})", spread.p95, "ms")
    return figure.asked(f"under {SLOWEST_MS:g} ms", is_met=spread.p95 < SLOWEST_MS)


def _pages(world: World) -> list[Page]:
    """What an operator opens: the first page, the lists, and single executions from all over the table."""
    numbers = range(1, world.rows + 1, max(world.rows // DETAILS, 1))
    with psycopg.connect(world.site.database_url) as connection:
        ids = [_found(connection, number)[0] for number in numbers]
        middle_id, middle_at = _found(connection, world.rows // 2)
    return [
        Page("dashboard", ["/admin/"]),
        *_lists(world, middle_id, middle_at),
        Page("search without result", [_listed(q="call_of_nobody")], has_rows=False),
        Page("filter without result", [_listed(state__exact="cancelled")], has_rows=False),
        Page("one execution", [f"{EXECUTIONS}{each}/change/" for each in ids]),
    ]


def _lists(world: World, middle_id: uuid.UUID, middle_at: datetime) -> list[Page]:
    """Rare and frequent, at the top and half way down, where the middle execution is."""
    skill, deep = world.ids["skill"], Place(is_older=True, number=9, at=middle_at, id=middle_id)
    broad = {"skill": skill, "source__exact": "chat", "space__id__exact": world.ids["space_id"]}
    asked = {
        "list, newest": _listed(),
        f"list, at depth {world.rows // 2:,}": _listed(p=str(deep)),
        "search by tool call id": _listed(q=tool_call_id(world.rows // 3)),
        "search by thread": _listed(q=f"thread-{world.rows // 60}"),
        "search by an id's beginning": _listed(q=middle_id.hex[:16]),
        "search by words": _listed(q=f"failed {skill}"),
        "filter by state": _listed(state__exact="failed"),
        "filter by skill, source and space": _listed(**broad),
        "filter by state and time": _listed(state__exact="failed", **_hour_before(middle_at)),
    }
    return [Page(what, [path]) for what, path in asked.items()]


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


def _look_at(page: Page, port: int, headers: dict[str, str]) -> None:
    """Raises NotMeasured where a page is not what it is measured as."""
    with Line(port) as line:
        body = line.ask(request_bytes(page.paths[0], headers))
    if bool(_ROW.search(body)) is not page.has_rows:
        raise NotMeasured(f"the page {page.paths[0]} shows {'no' if page.has_rows else 'some'} executions")


@contextmanager
def _signed_in(world: World, port: int) -> Iterator[dict[str, str]]:
    """The headers of an operator's browser behind the admin's own sign-in page."""
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=ASK_SECONDS) as browser:
        browser.get("/admin/login/")
        form = {
            "username": world.ids["operator"],
            "password": world.ids["password"],
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        }
        if browser.post("/admin/login/", data=form).status_code != 302:
            raise NotMeasured("the operator could not sign in to the admin")
        yield {"Cookie": f"sessionid={browser.cookies['sessionid']}"}
