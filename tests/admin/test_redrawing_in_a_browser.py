"""A page that is drawn again keeps what is opened and scrolled, and shows a text as it is written."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.admin.desk import LIST, make_execution
from tests.executions.admin.test_pages_in_a_browser import lease_of, log, sign_in
from tests.executions.runs.live.server import Server
from tests.factories import Actor, make_actor, make_skill

pytestmark = pytest.mark.django_db(transaction=True)
LONG = "\n".join(f"line {number}" for number in range(60))


@pytest.fixture
def actor() -> Actor:
    make_skill()
    return make_actor()


def test_what_is_opened_and_scrolled_stays_so(page: Page, server: Server, actor: Actor) -> None:
    execution = make_execution(actor=actor, at=timezone.now())
    lease = lease_of(execution)
    log(lease, "tool.called", call_id="t1", name="read", arguments={str(n): "x" for n in range(60)})
    sign_in(page, server)
    page.goto(f"{server.url}{LIST}{execution.pk}/change/")
    expect(page.locator("[data-cb=connection]")).to_have_text("live")
    page.locator("summary").click()
    arguments = page.locator("details pre")
    arguments.evaluate("pre => { pre.scrollTop = 120 }")

    log(lease, "execution.progressed", fraction=0.25, message="Reading")
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "25")
    assert arguments.evaluate("pre => pre.scrollTop") == 120
    log(lease, "tool.returned", call_id="t1", name="read", is_error=False, summary="Read.")
    expect(page.locator("summary")).to_contain_text("returned after")

    expect(page.locator("details")).to_have_attribute("open", "")
    assert arguments.evaluate("pre => pre.scrollTop") == 120


def test_a_text_stands_in_its_entry_while_it_is_written(page: Page, server: Server, actor: Actor) -> None:
    execution = make_execution(actor=actor, at=timezone.now())
    lease = lease_of(execution)
    sign_in(page, server)
    page.goto(f"{server.url}{LIST}{execution.pk}/change/")
    expect(page.locator("[data-cb=connection]")).to_have_text("live")

    log(lease, "text.appended", text=LONG)
    text = page.locator("[data-kind='text.appended'] .cb-streamed")
    expect(text).to_contain_text("line 59")
    # From here on nothing is drawn again.
    page.evaluate("() => { window.fetch = () => new Promise(() => {}) }")
    log(lease, "text.appended", text="\nand ")
    log(lease, "text.appended", text="more")

    expect(text).to_contain_text("line 59 and more")
    expect(page.locator("[data-cb=writing]")).to_be_hidden()
    assert text.evaluate("it => it.scrollHeight - it.scrollTop - it.clientHeight") < 40
