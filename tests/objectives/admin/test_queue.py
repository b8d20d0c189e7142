"""The queue of what waits, over all spaces, and deciding on its page."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from objectives.admin import queue
from objectives.models import ApprovalStatus, ToolCall
from tests.admin.desk import client_of, make_staff, operator_client
from tests.factories import NOW, make_actor, make_operator
from tests.objectives.admin.desk import CALLS, QUEUE, waiting

pytestmark = pytest.mark.django_db


def asked_at(call: ToolCall, seconds: int) -> ToolCall:
    ToolCall.objects.filter(pk=call.pk).update(created_at=NOW + timedelta(seconds=seconds))
    return call


def shown(page: str) -> list[str]:
    """The ids of the calls on a page, in order."""
    return [piece[:36] for piece in page.split(f'href="{CALLS}')[1:] if piece[36:44] == "/change/"]


def test_it_holds_what_waits_in_every_space_oldest_first() -> None:
    late = asked_at(waiting(make_actor(), arguments={"order": "<i>A-17</i>"}), 9)
    early = asked_at(waiting(make_actor()), 3)
    decided = waiting(make_actor())
    ToolCall.objects.filter(pk=decided.pk).update(approval=ApprovalStatus.APPROVED)

    page = operator_client().get(QUEUE).content.decode()

    assert shown(page) == [str(early.pk), str(late.pk)]
    assert "&lt;i&gt;A-17&lt;/i&gt;" in page


def test_it_can_be_one_space_s() -> None:
    mine, other = make_actor(), make_actor()
    call = waiting(mine)
    waiting(other)

    page = operator_client().get(QUEUE, {"space": str(mine.space.id)}).content.decode()

    assert shown(page) == [str(call.pk)]


def test_its_pages_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    actor = make_actor()
    calls = [str(asked_at(waiting(actor), second).pk) for second in (1, 2, 2, 4, 5)]
    monkeypatch.setattr(queue, "PER_PAGE", 2)
    client, url, seen = operator_client(), QUEUE, []

    while url:
        page = client.get(url).content.decode()
        seen += shown(page)
        _, _, rest = page.partition('rel="next" href="')
        url = QUEUE + rest.partition('"')[0] if rest else ""

    assert seen == calls


def test_the_number_of_questions_does_not_grow_with_what_waits() -> None:
    client, asked = operator_client(), []
    for _ in range(2):
        for _ in range(3):
            waiting(make_actor())
        with CaptureQueriesContext(connection) as captured:
            assert client.get(QUEUE).status_code == 200
        asked.append(len(captured))

    assert asked[0] == asked[1]


def test_approving_lets_it_run_and_says_who() -> None:
    call = waiting(make_actor())
    operator = make_operator(email="ada@example.com")

    answer = client_of(operator).post(f"{CALLS}{call.pk}/approve/", {"next": QUEUE}, follow=True)

    call.refresh_from_db()
    assert (call.approval, call.decided_by_id) == ("approved", operator.pk)
    assert answer.redirect_chain == [(QUEUE, 302)]
    assert "ask is approved." in answer.content.decode()


def test_denying_keeps_why() -> None:
    call = waiting(make_actor())

    operator_client().post(f"{CALLS}{call.pk}/deny/", {"memo": " Ask me tomorrow. "})

    call.refresh_from_db()
    assert (call.approval, call.memo) == ("denied", "Ask me tomorrow.")


def test_the_second_decision_is_refused_and_said() -> None:
    call = waiting(make_actor())
    client = operator_client()
    client.post(f"{CALLS}{call.pk}/deny/", {"memo": "No."})

    answer = client.post(f"{CALLS}{call.pk}/approve/", follow=True)

    call.refresh_from_db()
    assert call.approval == "denied"
    assert "This tool call is denied and cannot be approved." in answer.content.decode()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "x"])
def test_a_decision_never_leads_to_another_site(elsewhere: str) -> None:
    call = waiting(make_actor())

    answer = operator_client().post(f"{CALLS}{call.pk}/approve/", {"next": elsewhere})

    assert answer.headers["Location"] == f"/admin/objectives/objective/{call.objective_id}/change/"


@pytest.mark.parametrize("verb", ["approve", "deny"])
def test_decisions_need_a_post_with_a_csrf_token_by_somebody_who_may_decide(verb: str) -> None:
    call = waiting(make_actor())
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(make_operator(email="careful@example.com"))
    watcher = client_of(make_staff(permissions=("view_toolcall", "change_objective")))
    url = f"{CALLS}{call.pk}/{verb}/"

    assert operator_client().get(url).status_code == 405
    assert careful.post(url).status_code == 403
    assert watcher.post(url).status_code == 403
    assert f"/{call.pk}/{verb}/" not in watcher.get(QUEUE).content.decode()
    assert Client().post(url).headers["Location"].startswith("/admin/login/")
    call.refresh_from_db()
    assert call.approval == "waiting_for_approval"


def test_staff_who_may_change_tool_calls_decide() -> None:
    call = waiting(make_actor())
    staff = make_staff(permissions=("change_toolcall",))
    client = client_of(staff)

    assert f"/{call.pk}/approve/" in client.get(QUEUE).content.decode()
    client.post(f"{CALLS}{call.pk}/approve/")

    call.refresh_from_db()
    assert call.decided_by_id == staff.pk


def test_the_desk_s_first_page_has_what_waits_for_those_who_may_see_it() -> None:
    call = waiting(make_actor())
    other = client_of(make_staff(permissions=("view_skillexecution",)))

    assert shown(operator_client().get("/admin/").content.decode()) == [str(call.pk)]
    assert shown(other.get("/admin/").content.decode()) == []
    assert other.get(QUEUE).status_code == 403


def test_who_has_decided_is_told_to_a_list_that_still_shows_the_calls() -> None:
    actor = make_actor()
    waits, approved, denied = waiting(actor), waiting(actor), waiting(actor)
    operator = make_operator(email="ada@example.com")
    client = client_of(operator)
    client.post(f"{CALLS}{approved.pk}/approve/")
    client.post(f"{CALLS}{denied.pk}/deny/")
    asked = {"call": [str(waits.pk), str(approved.pk), str(denied.pk), "nonsense"]}

    with CaptureQueriesContext(connection) as captured:
        told = client.get(f"{QUEUE}settled/", asked).json()

    assert told == {
        str(waits.pk): "waits for approval",
        str(approved.pk): f"Approved by {operator}, waits for content",
        str(denied.pk): f"Denied by {operator}",
    }
    assert len(captured) <= 4
    assert (
        client_of(make_staff(permissions=("view_skillexecution",))).get(f"{QUEUE}settled/").status_code == 403
    )
