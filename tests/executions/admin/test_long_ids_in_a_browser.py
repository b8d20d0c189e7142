"""An id of 4,096 characters in a browser: found by itself, clipped in lists, whole on the pages."""

from urllib.parse import quote

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from executions.models import SkillExecution
from tests.admin.desk import LIST, make_execution
from tests.executions.admin.test_pages_in_a_browser import sign_in
from tests.executions.runs.live.server import Server
from tests.factories import Actor, make_actor, make_skill

pytestmark = pytest.mark.django_db(transaction=True)

CALL = " /a%2F b?#" + "🦜é&+='\"<b>\u2028漢" * 400 + "x" * (4096 - 10 - 400 * 12)
CALL = CALL[:4095] + " "
THREAD = "T" * 4095 + "7"


@pytest.fixture
def execution() -> SkillExecution:
    make_skill()
    actor = make_actor()
    make_execution(actor=actor, call=CALL.strip(), thread="t")
    return make_execution(actor=actor, call=CALL, thread=THREAD, at=timezone.now())


def height(box: Locator) -> float:
    found = box.bounding_box()
    assert found is not None
    return found["height"]


def overflows(page: Page) -> bool:
    """Whether the page scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.mark.parametrize("term", [CALL, THREAD])
def test_an_operator_finds_it_and_sees_all_of_it(
    page: Page, server: Server, execution: SkillExecution, term: str
):
    sign_in(page, server)
    page.goto(f"{server.url}{LIST}")

    page.locator("input[name=q]").first.fill(term)
    page.locator("input[name=q]").first.press("Enter")
    page.wait_for_url("**?q=*")
    row = page.locator("#result_list tbody tr", has=page.locator(f"a[href*='{execution.pk}']"))
    clipped = row.locator(".cb-clip.is-id").first
    expect(clipped).to_have_attribute("title", CALL)
    assert height(clipped) < 40
    page.locator(f"a[href*='{execution.pk}']").first.click()

    shown = page.locator("#facts .cb-id")
    assert [shown.nth(number).evaluate("it => it.textContent") for number in range(2)] == [CALL, THREAD]
    assert all(40 < height(shown.nth(number)) < 200 for number in range(2))
    assert not overflows(page)
    page.get_by_role("link", name=THREAD).click()
    page.wait_for_url("**?q=TTT*")
    assert page.locator("#result_list tbody tr").count() == 1


def test_its_card_may_be_opened_before_it_is_dispatched(page: Page, server: Server):
    make_skill()
    actor: Actor = make_actor()
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{server.url}/watch/{actor.space.id}/{quote(CALL, safe='')}")
    page.get_by_label("API key").fill(actor.token)
    page.get_by_role("button", name="Watch").click()
    waiting = page.locator("#waiting code")
    expect(waiting).to_be_visible()
    assert waiting.evaluate("it => it.textContent") == CALL
    assert height(waiting) < 200

    make_execution(actor=actor, call=CALL, thread=THREAD, at=timezone.now())

    expect(page.get_by_role("heading", name="echo")).to_be_visible()
    assert page.locator("[data-cb=call]").evaluate("it => it.textContent") == CALL
    assert height(page.locator("[data-cb=call]")) < 200
    assert not overflows(page)
