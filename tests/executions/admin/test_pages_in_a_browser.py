"""What people see: an execution's page and a tool call's card move while it happens."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.utils import timezone
from playwright.sync_api import Page, expect

from executions.actions.leased import Progress, Usage, finish_cancelled, finish_succeeded, record
from executions.models import RunHead, SkillExecution, WorkerNode
from executions.runs.lease import Lease
from executions.runs.log import NewEvent
from executions.runs.registry import begin_run
from spaces.models import Principal
from tests.admin.desk import LIST, make_execution
from tests.executions.runs.live.server import Server
from tests.factories import Actor, make_actor, make_operator, make_skill

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "correct horse battery"
# Lets a test break the connections that the page opened.
KEEP_SOCKETS = """
window.openSockets = [];
window.WebSocket = class extends WebSocket {
  constructor(url) { super(url); window.openSockets.push(this); }
};
"""


@pytest.fixture
def actor() -> Actor:
    make_skill()
    return make_actor()


def lease_of(execution: SkillExecution) -> Lease:
    worker = WorkerNode.objects.create(
        host="w1", pid=1, concurrency=1, started_at=timezone.now(), seen_at=timezone.now()
    )
    lease = begin_run(kind="execution", run_id=execution.id, owner=worker.id, now=timezone.now())
    assert lease is not None
    hold(lease)
    return lease


def hold(lease: Lease) -> None:
    """A slow machine may take longer than a lease lasts: the server shall not take the run for lost."""
    until = timezone.now() + timedelta(hours=1)
    RunHead.objects.filter(pk=lease.run_id, state="running").update(lease_until=until)


def log(lease: Lease, kind: str, **data: object) -> None:
    usages = []
    if kind == "usage.recorded":
        usages = [Usage("demo", 10, 5, Decimal("0.25"))]
    record(lease=lease, progress=Progress([NewEvent(kind, data, timezone.now())], usages))
    hold(lease)


def sign_in(page: Page, server: Server) -> Principal:
    operator = make_operator()
    # The web process runs as in production, without the tests' fast hasher.
    operator.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000)
    operator.save()
    page.goto(f"{server.url}/admin/")
    page.get_by_label("Email").fill(str(operator.email))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{server.url}/admin/")
    return operator


def test_an_operator_watches_an_execution_and_stops_it(page: Page, server: Server, actor: Actor):
    execution = make_execution(actor=actor, at=timezone.now())
    operator = sign_in(page, server)
    page.goto(f"{server.url}{LIST}")
    page.get_by_role("link", name="queued").click()
    state, timeline = page.locator("[data-cb=state]"), page.locator("[data-cb=timeline]")
    expect(state).to_have_text("queued")
    expect(page.locator("[data-cb=connection]")).to_have_text("live")

    lease = lease_of(execution)
    expect(state).to_have_text("running")
    log(lease, "execution.progressed", fraction=0.25, message="Reading")
    log(lease, "text.appended", text="<b>Hello</b> ")
    log(lease, "text.appended", text="world")
    log(lease, "usage.recorded", model="demo", input_tokens=10, output_tokens=5, cost_usd="0.25")
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "25")
    expect(timeline).to_contain_text("<b>Hello</b> world")
    expect(page.locator("[data-cb=cost]")).to_have_text("$0.25")
    expect(page.locator("[data-cb=tokens]")).to_have_text("10 → 5")

    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel it").click()
    expect(page.get_by_text("Cancellation requested.")).to_be_visible()
    execution.refresh_from_db()
    assert execution.cancel_requested_by_id == operator.pk
    finish_cancelled(lease=lease, now=timezone.now())
    expect(state).to_have_text("cancelled")
    expect(page.get_by_role("button", name="Retry")).to_be_visible()
    expect(page.locator("[data-cb=connection]")).to_have_text("complete")


def test_a_confirmation_that_is_declined_changes_nothing(page: Page, server: Server, actor: Actor):
    execution = make_execution(actor=actor)
    sign_in(page, server)
    page.goto(f"{server.url}{LIST}{execution.pk}/change/")

    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Not now").click()
    page.reload()

    expect(page.locator("[data-cb=state]")).to_have_text("queued")


def test_a_tool_call_card_goes_from_waiting_to_done(page: Page, server: Server, actor: Actor):
    page.goto(f"{server.url}/watch/{actor.space.id}/functions.echo%3A0%2F1")
    page.get_by_label("API key").fill("cb_wrong_key")
    page.get_by_role("button", name="Watch").click()
    expect(page.get_by_role("alert")).to_have_text("This key is not accepted.")
    page.get_by_label("API key").fill(actor.token)
    page.get_by_role("button", name="Watch").click()
    expect(page.get_by_role("heading", name="Waiting for the tool call")).to_be_visible()

    execution = make_execution(actor=actor, call="functions.echo:0/1", at=timezone.now())
    expect(page.get_by_role("heading", name="echo")).to_be_visible()
    lease = lease_of(execution)
    log(lease, "tool.called", call_id="t1", name="workspace.fs.read", arguments={"path": "a.csv"})
    expect(page.locator("[data-cb=timeline]")).to_contain_text("workspace.fs.read …")
    log(lease, "tool.returned", call_id="t1", name="workspace.fs.read", is_error=False, summary="a,b")
    expect(page.locator("[data-cb=timeline]")).to_contain_text(re.compile("workspace.fs.read returned after"))
    finish_succeeded(lease=lease, outputs={"answer": 42}, now=timezone.now())

    expect(page.locator("[data-cb=state]")).to_have_text("succeeded")
    expect(page.locator("#results")).to_contain_text('"answer": 42')
    expect(page.locator("[data-cb=connection]")).to_have_text("complete")
    expect(page).to_have_title(re.compile("^succeeded"))


def test_a_key_in_the_fragment_is_used_and_taken_out_of_the_address(page: Page, server: Server, actor: Actor):
    address = f"{server.url}/watch/{actor.space.id}/call_1"
    page.goto(f"{address}#key={actor.token}")

    expect(page.get_by_role("heading", name="Waiting for the tool call")).to_be_visible()
    expect(page).to_have_url(address)


def test_the_board_moves_with_the_space(page: Page, server: Server, actor: Actor):
    old = make_execution(actor=actor, call="old", at=timezone.now() - timedelta(minutes=1))
    page.goto(f"{server.url}/spaces/{actor.space.id}#key={actor.token}")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1)

    new = make_execution(actor=actor, call="new", at=timezone.now())
    lease = lease_of(new)
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("running")
    expect(rows.nth(0)).to_contain_text("new")
    expect(rows.nth(1)).to_contain_text("queued")
    finish_succeeded(lease=lease, outputs={}, now=timezone.now())
    expect(rows.nth(0)).to_contain_text("succeeded")
    rows.nth(1).get_by_role("link").click()

    expect(page).to_have_url(f"{server.url}/spaces/{actor.space.id}/executions/{old.id}")
    expect(page.locator("[data-cb=state]")).to_have_text("queued")
    expect(page.locator("[data-cb=call]")).to_have_text("old")


def test_a_card_goes_on_where_it_stood_when_the_connection_comes_back(
    page: Page, server: Server, actor: Actor
):
    execution = make_execution(actor=actor, call="call_1", at=timezone.now())
    lease = lease_of(execution)
    page.add_init_script(KEEP_SOCKETS)
    page.goto(f"{server.url}/watch/{actor.space.id}/call_1#key={actor.token}")
    expect(page.locator("[data-cb=state]")).to_have_text("running")

    page.evaluate("openSockets.forEach((socket) => socket.close())")
    log(lease, "text.appended", text="said meanwhile")

    expect(page.locator(".cb-streamed")).to_have_text("said meanwhile")
    assert page.evaluate("openSockets.length") == 2
    expect(page.locator("[data-kind='execution.started']")).to_have_count(1)
