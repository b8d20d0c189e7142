"""Measures pages of the admin, as an operator who is signed in opens them."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2

from tests.benchmarks.child_process import call_in_child
from tests.benchmarks.context import Context, Dataset
from tests.benchmarks.failures import NotMeasured
from tests.benchmarks.figures import Figure, Spread
from tests.benchmarks.http_client import HttpClient, request_bytes
from tests.benchmarks.servers import Server

SLOWEST_MS = 300.0
DETAILS = 20  # pages of one kind that are opened in turn
ASK_SECONDS = 60.0


@dataclass(frozen=True)
class Page:
    """One kind of page, its addresses, and whether rows must be on it: an empty one proves nothing.

    `row` is what a row's link or form looks like in its HTML, a regular expression.
    """

    what: str
    paths: list[str]
    row: str
    has_rows: bool = True


def row_of(model: str) -> str:
    """How a page links to rows of this model (its lower-case name)."""
    return rf"/{model}/[0-9a-f-]{{36}}/change/"


def measure_pages(
    part: str, pages: Sequence[Page], context: Context, server: Server, *, prefix: str = ""
) -> list[Figure]:
    """Milliseconds until the last byte of a page's HTML; all kinds in turns, one client."""
    steps = context.steps
    with _signed_in(context.dataset, server.port) as headers:
        for page in steps.over(f"{part}: pages opened once and looked at", pages):
            look_at(page, server.port, headers)
        targets = [{"port": server.port, "paths": page.paths, "headers": headers} for page in pages]
        steps.say(f"{part}: {len(pages)} kinds of pages in turns")
        count = max(context.effort.requests // 3, DETAILS)
        taken = call_in_child(
            "tests.benchmarks.http_client.time_in_turns", seconds=900, targets=targets, count=count
        )
    return [
        _figure(part, f"{prefix}{page.what}", Spread.of(samples))
        for page, samples in zip(pages, taken, strict=True)
    ]


def look_at(page: Page, port: int, headers: dict[str, str]) -> None:
    """Raises NotMeasured where a page is not what it is measured as."""
    with HttpClient(port) as client:
        body = client.ask(request_bytes(page.paths[0], headers))
    if bool(re.search(page.row.encode(), body)) is not page.has_rows:
        raise NotMeasured(f"the page {page.paths[0]} shows {'no' if page.has_rows else 'some'} {page.row}")


def _figure(part: str, what: str, spread: Spread) -> Figure:
    figure = Figure(part, f"{what}, p95 (p50 {spread.p50:.0f})", spread.p95, "ms")
    return figure.asked(f"under {SLOWEST_MS:g} ms", is_met=spread.p95 < SLOWEST_MS)


@contextmanager
def _signed_in(dataset: Dataset, port: int) -> Iterator[dict[str, str]]:
    """The headers of an operator's browser behind the admin's own sign-in page."""
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=ASK_SECONDS) as browser:
        browser.get("/admin/login/")
        form = {
            "username": dataset.ids["operator"],
            "password": dataset.ids["password"],
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        }
        if browser.post("/admin/login/", data=form).status_code != 302:
            raise NotMeasured("the operator could not sign in to the admin")
        yield {"Cookie": f"sessionid={browser.cookies['sessionid']}"}
