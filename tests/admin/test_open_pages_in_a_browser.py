"""A page that stays open tells the truth: usage, reasons, times, steps, and whose text is whose."""

import re
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from executions.actions.leased import Progress, finish_failed, hand_back, record
from executions.models import RunHead, SkillExecution
from executions.runs.lease import Lease
from executions.runs.log import NewEvent
from executions.runs.registry import begin_run
from objectives.actions.cancellation import cancel_objective
from objectives.models import Objective
from tests.admin.desk import LIST, make_execution
from tests.executions.admin.test_pages_in_a_browser import hold, lease_of, log, sign_in
from tests.executions.runs.live.server import Server
from tests.factories import Actor, make_actor, make_skill
from tests.objectives.admin.desk import OBJECTIVES, QUEUE, waiting
from tests.objectives.runs import begin_objective, make_published_agent

pytestmark = pytest.mark.django_db(transaction=True)
HELLO = "مرحبا بالعالم"


@pytest.fixture
def actor() -> Actor:
    make_skill()
    return make_actor()


def fail(lease: Lease, message: str) -> None:
    error = {"type": "memory_limit", "message": message}
    finish_failed(lease=lease, reason="memory_limit", error=error, now=timezone.now())


def tell(lease: Lease, began: datetime, *told: tuple[float, str, dict[str, object]]) -> None:
    """Log events so many seconds after the run began."""
    events = [NewEvent(kind, data, began + timedelta(seconds=after)) for after, kind, data in told]
    record(lease=lease, progress=Progress(events))
    hold(lease)


def step(message: str | None, fraction: float) -> tuple[str, dict[str, object]]:
    return "execution.progressed", {"message": message, "fraction": fraction}


def is_after(left: Locator, right: Locator) -> bool:
    """Whether one stands right of the other in the same line."""
    one, other = left.bounding_box(), right.bounding_box()
    assert one
    assert other
    return one["x"] + one["width"] <= other["x"] + 0.5 and abs(one["y"] - other["y"]) < one["height"]


def direction(part: Locator) -> str:
    return str(part.evaluate("part => getComputedStyle(part).direction"))


def watched(
    page: Page, server: Server, execution: SkillExecution, actor: Actor, *, at_the_desk: bool
) -> None:
    """Open the execution's page: the admin's, or the public one."""
    if at_the_desk:
        sign_in(page, server)
        page.goto(f"{server.url}{LIST}{execution.pk}/change/")
    else:
        page.goto(f"{server.url}/spaces/{actor.space.id}/executions/{execution.pk}#key={actor.token}")
    expect(page.locator("[data-cb=connection]")).to_have_text("live")


# --- the board --------------------------------------------------------------------------------------
def test_the_board_shows_objectives_as_rows_of_their_own(page: Page, server: Server, actor: Actor) -> None:
    call = waiting(actor)
    make_execution(actor=actor, at=timezone.now())
    page.goto(f"{server.url}/spaces/{actor.space.id}#key={actor.token}")
    known = page.locator(f"tr[data-id='{call.objective_id}']")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(known).to_contain_text("waiting")
    expect(known).to_contain_text("Researcher Go.")

    now = timezone.now()
    cancel_objective(access=actor.access, objective_id=call.objective_id, reason="", now=now)
    expect(known).to_contain_text("cancelled")
    new = begin_objective(actor, Objective.objects.get().agent, first_user_message=HELLO)
    fresh = page.locator(f"tr[data-id='{new.pk}']")

    expect(fresh).to_contain_text("pending")
    expect(fresh).to_contain_text(f"Researcher {HELLO}")
    expect(page.locator("tbody tr")).to_have_count(3)
    expect(page.locator("[data-cb=queued]")).to_have_text("2")
    addresses = page.locator("tbody a").evaluate_all("all => all.map((one) => one.pathname)")
    assert [address for address in addresses if "undefined" in address or "objective" in address] == []


def test_the_board_leads_staff_to_an_objective(page: Page, server: Server, actor: Actor) -> None:
    sign_in(page, server)
    page.goto(f"{server.url}/spaces/{actor.space.id}")
    expect(page.locator("[data-cb=connection]")).to_have_text("live")
    call = waiting(actor)

    page.get_by_role("link", name="Researcher").click()

    expect(page).to_have_url(f"{server.url}{OBJECTIVES}{call.objective_id}/change/")


# --- usage and reasons ------------------------------------------------------------------------------
def test_usage_moves_in_the_head_and_in_its_card(page: Page, server: Server, actor: Actor) -> None:
    execution = make_execution(actor=actor, at=timezone.now())
    lease = lease_of(execution)
    watched(page, server, execution, actor, at_the_desk=True)
    expect(page.locator("#usage")).to_contain_text("$0")

    for _ in range(2):
        log(lease, "usage.recorded", model="demo", input_tokens=10, output_tokens=5, cost_usd="0.25")

    expect(page.locator("[data-cb=cost]")).to_have_text("$0.5")
    rows = page.locator("#usage tbody tr")
    expect(rows.filter(has_text="Input tokens")).to_have_text(re.compile(r"Input tokens\s*20\s*20"))
    expect(rows.filter(has_text="Cost")).to_have_text(re.compile(r"Cost\s*\$0\.5\s*\$0\.5"))


def test_why_a_run_failed_appears_while_its_page_is_open(page: Page, server: Server, actor: Actor) -> None:
    execution = make_execution(actor=actor, at=timezone.now())
    lease = lease_of(execution)
    watched(page, server, execution, actor, at_the_desk=True)
    why = page.locator("#run .cb-head .is-failed")
    expect(why).to_have_count(0)

    fail(lease, "It used 600 MiB.")
    expect(why).to_have_text("It exceeded its memory limit: It used 600 MiB.")
    page.get_by_role("button", name="Retry").click()
    page.get_by_role("button", name="Retry it").click()
    expect(page.locator("[data-cb=state]")).to_have_text("queued")
    expect(why).to_have_count(0)
    fail(lease_of(SkillExecution.objects.get(retry_of=execution)), "It used 700 MiB.")

    expect(why).to_have_text("It exceeded its memory limit: It used 700 MiB.")


def test_the_public_page_says_why_too(page: Page, server: Server, actor: Actor) -> None:
    execution = make_execution(actor=actor, at=timezone.now())
    lease = lease_of(execution)
    watched(page, server, execution, actor, at_the_desk=False)
    expect(page.locator("[data-cb=why]")).to_be_hidden()

    fail(lease, "It used 600 MiB.")

    expect(page.locator("[data-cb=why]")).to_have_text("memory_limit: It used 600 MiB.")


# --- the timeline -----------------------------------------------------------------------------------
@pytest.mark.parametrize("at_the_desk", [True, False])
def test_each_step_of_the_work_stands_at_its_own_time(
    page: Page, server: Server, actor: Actor, at_the_desk: bool
) -> None:
    execution = make_execution(actor=actor, at=timezone.now())
    lease = lease_of(execution)
    execution.refresh_from_db()
    began = execution.started_at
    assert began is not None
    watched(page, server, execution, actor, at_the_desk=at_the_desk)

    tell(
        lease,
        began,
        (0.5, *step("Reading", 0.05)),
        (1.25, *step("Reading", 0.5)),
        (1.5, "text.appended", {"text": "Hel"}),
        (1.75, *step(None, 0.6)),
        (2.0, "text.appended", {"text": "lo"}),
        (2.5, *step("Drawing 1 of 9", 0.7)),
        (2.75, *step("Drawing 9 of 9", 0.8)),
        (3.0, "text.appended", {"text": "Bye"}),
        (4.0, *step("Done", 1)),
    )

    entries = page.locator(".cb-entry:not([data-kind='execution.queued'], [data-kind='execution.started'])")
    expect(entries).to_have_text(
        [
            "0.50 sReading 60 % after 1.25 s",
            "1.50 sHello",
            "2.50 sDrawing 9 of 9 80 % after 0.25 s",
            "3.00 sBye",
            "4.00 sDone 100 %",
        ]
    )


def test_the_timeline_tells_the_wait_and_counts_from_the_start(
    page: Page, server: Server, actor: Actor
) -> None:
    execution = make_execution(actor=actor, at=timezone.now() - timedelta(minutes=2, seconds=26))
    watched(page, server, execution, actor, at_the_desk=True)
    lease = lease_of(execution)
    execution.refresh_from_db()
    began = execution.started_at
    assert began is not None
    tell(lease, began, (1.5, *step("Reading", 0.5)))
    started = page.locator("[data-kind='execution.started']")

    expect(started).to_have_text(re.compile(r"^0\.00 sStarted after 2 min \d\d s in the queue$"))
    expect(page.locator("[data-kind='execution.progressed'] time")).to_have_text("1.50 s")
    hand_back(lease=lease, reason="worker_lost", delay=timedelta(0), now=began + timedelta(seconds=3))
    RunHead.objects.filter(pk=execution.pk).update(available_at=began)
    again = begin_run(
        kind="execution", run_id=execution.pk, owner=lease.owner, now=began + timedelta(seconds=8)
    )
    assert again is not None
    expect(started.nth(1)).to_have_text("8.00 sStarted attempt 2, after 5.00 s in the queue")


# --- text of any direction --------------------------------------------------------------------------
@pytest.mark.parametrize("at_the_desk", [True, False])
def test_a_line_of_progress_is_not_torn_by_its_text(
    page: Page, server: Server, actor: Actor, at_the_desk: bool
) -> None:
    execution = make_execution(actor=actor, at=timezone.now())
    lease = lease_of(execution)
    watched(page, server, execution, actor, at_the_desk=at_the_desk)

    log(lease, "execution.progressed", fraction=0.5, message=f"Step 3: {HELLO}")
    log(lease, "text.appended", text=f"{HELLO}: 50 %.\nHello!")
    log(lease, "tool.called", call_id="t1", name=HELLO, arguments={HELLO: HELLO})
    log(lease, "usage.recorded", model=HELLO, input_tokens=10, output_tokens=5, cost_usd="0.25")

    line = page.locator("[data-kind='execution.progressed'] .cb-entry-body")
    expect(line).to_have_text(f"Step 3: {HELLO} 50 %")
    assert is_after(line.locator("bdi"), line.locator(".cb-dim"))
    assert direction(page.locator(".cb-streamed")) == "rtl"
    expect(page.locator(".cb-streamed")).to_have_attribute("tabindex", "0")
    call = page.locator("[data-kind='tool.called'] summary")
    assert is_after(call.locator("b"), call.locator(".cb-dim"))
    usage = page.locator("[data-kind='usage.recorded'] .cb-entry-body")
    assert is_after(usage.locator("bdi"), usage.locator(".cb-dim"))
    call.click()
    key, value = (page.locator(f"[data-kind='tool.called'] pre .{kind}") for kind in "ks")
    assert is_after(key, value)


def test_what_people_and_agents_say_keeps_its_direction(page: Page, server: Server, actor: Actor) -> None:
    call = waiting(actor)
    agent = call.objective.agent
    type(agent).objects.filter(pk=agent.pk).update(name=HELLO)
    objective = begin_objective(actor, make_published_agent(actor), first_user_message=f"{HELLO}: 50 %")
    Objective.objects.filter(pk=call.objective_id).update(first_user_message=f"{HELLO} 17")
    sign_in(page, server)

    page.goto(f"{server.url}{OBJECTIVES}{objective.pk}/change/")
    said = page.locator("[data-kind=userMessage] .cb-said")
    expect(said).to_have_text(f"{HELLO}: 50 %")
    assert direction(said) == "rtl"
    page.goto(f"{server.url}{OBJECTIVES}{call.objective_id}/change/")
    head = page.locator("#head strong bdi")
    assert is_after(head.nth(0), head.nth(1))
    page.goto(f"{server.url}{QUEUE}")
    why = page.locator(".cb-queue-why bdi")
    assert is_after(why.nth(0), why.nth(1))


def test_why_a_run_failed_is_not_torn(page: Page, server: Server, actor: Actor) -> None:
    execution = make_execution(actor=actor, at=timezone.now())
    lease = lease_of(execution)
    watched(page, server, execution, actor, at_the_desk=True)

    fail(lease, f"17 {HELLO}")

    reason = page.locator("#why bdi")
    expect(reason).to_have_text(f"17 {HELLO}")
    assert direction(reason) == "rtl"
    assert direction(page.locator("#why p")) == "ltr"
