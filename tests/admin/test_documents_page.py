"""The page of the API documents, as people see it."""

import pytest
from playwright.sync_api import Page, expect

from tests.live.server import Server

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_not_built_is_folded_until_somebody_wants_it(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/docs")
    apart = page.locator("#operations-tag-not_built")

    expect(apart).to_have_attribute("data-is-open", "false")
    expect(page.locator("#operations-tag-executions")).to_have_attribute("data-is-open", "true")
    expect(page.get_by_text("Not built: ")).to_have_count(0)
    apart.click()

    expect(page.get_by_text("Not built: ").first).to_be_visible()


def test_it_is_dark_where_the_system_is(page: Page, server: Server) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"{server.url}/docs")
    text = "getComputedStyle(document.querySelector('.opblock-tag')).color"
    expect(page.locator("#operations-tag-executions")).to_be_visible()
    by_night = page.evaluate(text)

    page.emulate_media(color_scheme="light")

    expect(page.locator("html")).not_to_have_class("dark-mode")
    assert page.evaluate(text) != by_night
