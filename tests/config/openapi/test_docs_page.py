"""The pages of the API documents, as people see them."""

import json
import re
from typing import Literal

import httpx2
import pytest
from playwright.sync_api import Page, expect

from config.openapi.reference import METHODS
from config.openapi.views import document
from tests.admin.accessible import barriers
from tests.executions.runs.live.server import Server

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_operation_and_schema_is_in_the_page(page: Page, server: Server) -> None:
    described = document()
    operations = {
        f"operation-{methods[method]['operationId']}"
        for methods in described["paths"].values()
        for method in METHODS
        if method in methods
    }
    schemas = {f"schema-{name}" for name in described["components"]["schemas"]}

    page.goto(f"{server.url}/docs")

    ids = "found => found.map(each => each.id)"
    assert set(page.locator(".docs-operation").evaluate_all(ids)) == operations
    assert set(page.locator(".docs-schema").evaluate_all(ids)) == schemas
    lost = "links => links.map(l => l.hash.slice(1)).filter(id => !document.getElementById(id))"
    assert page.locator(".docs a[href^='#']").evaluate_all(lost) == []


def test_the_search_finds_an_operation_and_the_keyboard_opens_it(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/docs")
    wanted = page.locator("#operation-cancelExecution")

    page.keyboard.press("/")
    page.keyboard.type("cancel execution")

    expect(page.locator("#operation-listExecutions")).to_be_hidden()
    expect(page.get_by_role("status")).to_have_text(re.compile(r"^\d+ of \d+ operations"))
    page.keyboard.press("Enter")
    expect(wanted).to_have_attribute("open", "")
    expect(wanted.locator("summary")).to_be_focused()

    page.get_by_label("Search operations").fill("no such words")
    expect(page.get_by_text("No operation matches.")).to_be_visible()
    page.get_by_role("button", name="Clear the search").click()
    expect(page.locator("#operation-listExecutions")).to_be_visible()


def test_the_filters_leave_one_api_and_one_method(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/docs")

    page.get_by_role("combobox", name="API").select_option("workspace API")
    page.get_by_role("combobox", name="Method").select_option("DELETE")

    left = page.locator(".docs-tag .docs-operation:visible")
    expect(left.first).to_be_visible()
    for path in left.locator("summary").all_inner_texts():
        assert re.match(r"DELETE\s+/v1/(workspaces|account)", path), path


def test_what_is_not_built_is_folded_at_the_end(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/docs")
    apart = page.locator("#not-built")
    unbuilt = apart.get_by_text("Not built: ").first

    expect(unbuilt).to_be_hidden()
    expect(page.locator(".docs-tag summary").get_by_text("Not built: ")).to_have_count(0)
    assert apart.evaluate("part => !part.nextElementSibling")
    apart.locator("summary").first.click()

    expect(unbuilt).to_be_visible()


def test_an_address_opens_what_it_names(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/docs#operation-createTicket")
    operation = page.locator("#operation-createTicket")

    expect(operation.get_by_text("Copy")).to_be_visible()
    operation.get_by_role("link", name="TicketBody").first.click()

    expect(page.locator("#schema-TicketBody")).to_be_in_viewport()
    expect(page.locator("#schema-TicketBody").get_by_text("seconds", exact=True)).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_has_no_barrier(page: Page, server: Server, scheme: Literal["light", "dark"], width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{server.url}/docs#operation-createTicket")
    page.goto(f"{server.url}/docs#schema-TicketBody")
    page.locator("#not-built > summary").click()

    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 21, 24)"
    assert dark == (scheme == "dark")


def test_it_leads_back_and_to_a_page_for_trying(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/docs#operation-listExecutions")

    page.locator("#operation-listExecutions").get_by_role("link", name="Try it").click()
    tried = page.locator("#operations-executions-listExecutions")
    expect(tried.get_by_role("button", name="Try it out")).to_be_visible()
    expect(page.locator("#operations-tag-not_built")).to_have_attribute("data-is-open", "false")
    page.get_by_role("link", name="API documents").click()
    page.get_by_role("banner").get_by_role("link", name="Callboard").click()

    expect(page).to_have_url(f"{server.url}/")


def test_requests_are_tried_in_the_dark_where_the_system_is(page: Page, server: Server) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"{server.url}/docs/try")
    text = "getComputedStyle(document.querySelector('.opblock-tag')).color"
    expect(page.locator("#operations-tag-executions")).to_be_visible()
    by_night = page.evaluate(text)

    page.emulate_media(color_scheme="light")

    expect(page.locator("html")).not_to_have_class("dark-mode")
    assert page.evaluate(text) != by_night


def test_its_curl_is_json_where_the_body_is(server: Server) -> None:
    shown = httpx2.get(f"{server.url}/docs").text
    bodies = re.findall(r"-d &#x27;(.*?)&#x27; \\\n", shown, re.DOTALL)

    assert bodies
    for body in bodies:
        assert isinstance(json.loads(body.replace("&quot;", '"')), dict), body
