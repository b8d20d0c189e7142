"""What operators see of objectives: timelines move by themselves, and decisions are made on the page."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from objectives.actions.approvals import deny_call
from objectives.actions.cancellation import cancel_objective
from objectives.models import ToolCall
from tests.admin.desk import PNG
from tests.executions.admin.test_pages_in_a_browser import sign_in
from tests.executions.runs.live.server import Server
from tests.factories import Actor, make_actor
from tests.objectives.admin.desk import CALLS, OBJECTIVES, QUEUE, waiting

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def test_the_timeline_moves_while_things_happen(page: Page, server: Server, actor: Actor) -> None:
    call = waiting(actor, arguments={"order": "A-17"})
    sign_in(page, server)
    page.goto(f"{server.url}{OBJECTIVES}{call.objective_id}/change/")
    timeline = page.locator("#timeline")
    expect(page.locator("[data-cb=state]")).to_have_text("Waiting")
    expect(page.locator("[data-cb=connection]")).to_have_text("live")

    now = timezone.now()
    deny_call(access=actor.access, objective_id=call.objective_id, call_id=call.id, memo="Too dear.", now=now)
    expect(timeline).to_contain_text("ask denied by owner Too dear.")
    cancel_objective(access=actor.access, objective_id=call.objective_id, reason="", now=now)

    expect(page.locator("[data-cb=state]")).to_have_text("Cancelled")
    expect(page.locator("[data-cb=connection]")).to_have_text("complete")


def test_a_memo_that_is_being_written_survives_what_happens(page: Page, server: Server, actor: Actor) -> None:
    first = waiting(actor)
    sign_in(page, server)
    page.goto(f"{server.url}{QUEUE}")
    memo = page.get_by_label("Why ask is denied")
    expect(memo).to_have_count(1)
    memo.fill("Not this")

    second = waiting(actor)
    expect(memo).to_have_count(2)
    expect(memo.first).to_have_value("Not this")
    memo.first.fill("Not today.")
    page.get_by_role("button", name="Deny").first.click()

    expect(page.get_by_text("ask is denied.")).to_be_visible()
    expect(page).to_have_url(f"{server.url}{QUEUE}")
    first.refresh_from_db()
    assert (first.approval, first.memo) == ("denied", "Not today.")
    assert ToolCall.objects.get(pk=second.pk).approval == "waiting_for_approval"


def test_a_call_is_approved_on_its_own_page(page: Page, server: Server, actor: Actor) -> None:
    call = waiting(actor)
    operator = sign_in(page, server)
    page.goto(f"{server.url}{CALLS}{call.pk}/change/")

    page.get_by_role("button", name="Approve").click()

    expect(page.get_by_text(f"Approved by {operator}")).to_be_visible()
    call.refresh_from_db()
    assert (call.approval, call.decided_by_id) == ("approved", operator.pk)


def test_content_that_is_being_written_survives_what_happens_and_is_given(
    page: Page, server: Server, actor: Actor
) -> None:
    call = waiting(actor)
    sign_in(page, server)
    page.goto(f"{server.url}{CALLS}{call.pk}/change/")
    page.get_by_role("button", name="Approve").click()
    text = page.get_by_label("What ask answers")
    text.fill("It is")
    ToolCall.objects.filter(pk=call.pk).update(memo="Look at the picture.")
    page.wait_for_timeout(4000)

    expect(text).to_have_value("It is")
    text.fill("It is blue.")
    page.get_by_label("An image or a sound").set_input_files(
        {"name": "sky.png", "mimeType": "image/png", "buffer": PNG}
    )
    page.get_by_role("button", name="Give content").click()

    expect(page.get_by_text("ask has its content.")).to_be_visible()
    expect(page.locator("#result pre")).to_have_text("It is blue.")
    expect(page.locator("#result img")).to_be_visible()
    call.refresh_from_db()
    assert [block["type"] for block in call.result] == ["text", "image"]


def test_cancelling_is_asked_about_first(page: Page, server: Server, actor: Actor) -> None:
    call = waiting(actor)
    sign_in(page, server)
    page.goto(f"{server.url}{OBJECTIVES}{call.objective_id}/change/")

    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Not now").click()
    expect(page.locator("[data-cb=state]")).to_have_text("Waiting")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel it").click()

    expect(page.locator("[data-cb=state]")).to_have_text("Cancelled")
