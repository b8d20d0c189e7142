"""No row of the queue moves under a hand, and no click decides another call than it was meant for."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from objectives.actions.approvals import approve_call, deny_call
from objectives.models import ToolCall
from tests.executions.admin.test_pages_in_a_browser import sign_in
from tests.executions.runs.live.server import Server
from tests.factories import NOW, Actor, make_actor
from tests.objectives.admin.desk import QUEUE, waiting

pytestmark = pytest.mark.django_db(transaction=True)
LISTS = [QUEUE, "/admin/"]
SETTLED = 1_000  # milliseconds after which a click is taken for what it hits


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def make_queue(actor: Actor, count: int = 3) -> list[ToolCall]:
    """So many calls that wait, the oldest first."""
    calls = [waiting(actor, arguments={"order": f"A-{number}"}) for number in range(count)]
    for number, call in enumerate(calls):
        ToolCall.objects.filter(pk=call.pk).update(created_at=NOW + timedelta(seconds=number))
    return calls


def deny(actor: Actor, call: ToolCall) -> None:
    now = timezone.now()
    deny_call(access=actor.access, objective_id=call.objective_id, call_id=call.id, memo="No.", now=now)


def approve(actor: Actor, call: ToolCall) -> None:
    now = timezone.now()
    approve_call(access=actor.access, objective_id=call.objective_id, call_id=call.id, now=now)


def row_of(page: Page, call: ToolCall) -> Locator:
    return page.locator(f"li[data-call='{call.pk}']")


def top_of(row: Locator) -> float:
    box = row.bounding_box()
    assert box is not None
    return box["y"]


def decisions(calls: list[ToolCall]) -> list[str]:
    return [ToolCall.objects.get(pk=call.pk).approval for call in calls]


def open_list(page: Page, server: Server, url: str, count: int) -> None:
    sign_in(page, server)
    page.mouse.move(2, 2)
    page.goto(f"{server.url}{url}")
    expect(page.locator("li[data-call]")).to_have_count(count)


@pytest.mark.parametrize("url", LISTS)
def test_a_row_that_is_decided_elsewhere_stays_until_the_pointer_leaves(
    page: Page, server: Server, actor: Actor, url: str
) -> None:
    calls = make_queue(actor)
    open_list(page, server, url, 3)
    first, second = row_of(page, calls[0]), row_of(page, calls[1])
    second.get_by_role("button", name="Approve").hover()
    top = top_of(second)

    deny(actor, calls[0])

    expect(first).to_contain_text("Denied by owner")
    expect(first.get_by_role("button", name="Approve")).to_be_disabled()
    expect(first.get_by_role("button", name="Deny")).to_be_disabled()
    assert top_of(second) == top
    expect(page.get_by_role("button", name="1 decided: update")).to_be_visible()
    page.mouse.move(2, 2)
    expect(first).to_have_count(0)
    assert top_of(second) < top
    assert decisions(calls) == ["denied", "waiting_for_approval", "waiting_for_approval"]


@pytest.mark.parametrize("url", LISTS)
def test_a_click_decides_the_call_under_the_pointer_though_others_go(
    page: Page, server: Server, actor: Actor, url: str
) -> None:
    calls = make_queue(actor)
    open_list(page, server, url, 3)
    row_of(page, calls[1]).get_by_role("button", name="Approve").hover()
    page.wait_for_timeout(SETTLED)
    deny(actor, calls[0])
    expect(row_of(page, calls[0])).to_contain_text("Denied by owner")

    page.mouse.down()
    page.mouse.up()

    expect(page.get_by_text("ask is approved.")).to_be_visible()
    assert decisions(calls) == ["denied", "approved", "waiting_for_approval"]


def test_what_is_new_is_put_below_and_told(page: Page, server: Server, actor: Actor) -> None:
    calls = make_queue(actor, 2)
    open_list(page, server, QUEUE, 2)
    row_of(page, calls[1]).get_by_role("button", name="Approve").hover()
    tops = [top_of(row_of(page, call)) for call in calls]

    # It was asked for before the others and waits only now: its place is above them.
    late = waiting(actor)
    ToolCall.objects.filter(pk=late.pk).update(created_at=NOW - timedelta(hours=1))
    deny(actor, calls[0])
    expect(page.locator("li[data-call]")).to_have_count(3)

    expect(page.locator("li[data-call]").last).to_have_attribute("data-call", str(late.pk))
    assert [top_of(row_of(page, call)) for call in calls] == tops
    page.get_by_role("button", name="1 new, 1 decided: update").click()
    expect(page.locator("li[data-call]")).to_have_count(2)
    expect(page.locator("li[data-call]").first).to_have_attribute("data-call", str(late.pk))


def test_a_call_that_waits_for_something_else_is_closed_until_the_update(
    page: Page, server: Server, actor: Actor
) -> None:
    calls = make_queue(actor, 2)
    open_list(page, server, QUEUE, 2)
    first = row_of(page, calls[0])
    row_of(page, calls[1]).get_by_role("button", name="Approve").hover()

    approve(actor, calls[0])
    expect(first).to_contain_text("Approved by owner, waits for content")

    expect(first.get_by_role("button", name="Approve")).to_be_disabled()
    page.get_by_role("button", name="1 decided: update").click()
    expect(first.get_by_role("link", name="Give content")).to_be_visible()


def test_a_click_right_after_the_rows_have_moved_decides_nothing(
    page: Page, server: Server, actor: Actor
) -> None:
    calls = make_queue(actor)
    open_list(page, server, QUEUE, 3)
    approve_second = row_of(page, calls[1]).get_by_role("button", name="Approve")
    box = approve_second.bounding_box()
    assert box is not None
    page.wait_for_timeout(SETTLED)
    # A finger, which does not hover: it comes down where the row was that has just gone up.
    page.evaluate(
        """([x, y]) => new MutationObserver(() => {
          const hit = document.elementFromPoint(x, y);
          window.hit = hit?.closest("li")?.dataset.call;
          hit?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, detail: 1 }));
        }).observe(document.getElementById("queue"), { childList: true })""",
        [box["x"] + 5, box["y"] + 5],
    )

    deny(actor, calls[0])

    expect(page.get_by_text("The list has just moved")).to_be_visible()
    assert page.evaluate("window.hit") == str(calls[2].pk)
    assert decisions(calls) == ["denied", "waiting_for_approval", "waiting_for_approval"]


def test_a_second_click_of_a_double_click_decides_nothing(page: Page, server: Server, actor: Actor) -> None:
    calls = make_queue(actor)
    open_list(page, server, QUEUE, 3)
    page.wait_for_timeout(SETTLED)
    box = row_of(page, calls[0]).get_by_role("button", name="Approve").bounding_box()
    assert box is not None

    page.mouse.click(box["x"] + 5, box["y"] + 5)
    expect(page.get_by_text("ask is approved.")).to_be_visible()
    again = row_of(page, calls[1]).get_by_role("button", name="Approve")
    again.dispatch_event("click", {"detail": 2})

    expect(page.get_by_text("The list has just moved")).to_be_visible()
    assert decisions(calls) == ["approved", "waiting_for_approval", "waiting_for_approval"]


def test_the_keyboard_stays_in_the_list(page: Page, server: Server, actor: Actor) -> None:
    calls = make_queue(actor)
    open_list(page, server, QUEUE, 3)
    row_of(page, calls[0]).get_by_role("button", name="Approve").focus()

    deny(actor, calls[0])
    expect(row_of(page, calls[0])).to_contain_text("Denied by owner")

    expect(row_of(page, calls[0])).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('li').dataset.call") in {
        str(c.pk) for c in calls[:2]
    }


def test_the_desk_is_live_and_says_how_old_it_is(page: Page, server: Server, actor: Actor) -> None:
    open_list(page, server, "/admin/", 0)
    expect(page.locator("#figures")).to_contain_text("0")
    status = page.locator("[data-cb=updated]")
    expect(status).to_contain_text("updated")

    make_queue(actor, 1)

    expect(page.locator("li[data-call]")).to_have_count(1)
    expect(page.locator("#figures a").first).to_contain_text("1")
    expect(page.locator("li[data-call] pre .k")).to_have_count(1)
    page.context.set_offline(True)
    expect(status).to_contain_text("connection lost")
    expect(status).to_have_attribute("data-is", "lost")
    page.context.set_offline(False)
    expect(status).to_have_attribute("data-is", "live")
    expect(status).not_to_contain_text("connection lost")
