"""The page of one execution: what it shows, and the two verbs of the desk."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from executions.actions.cancellation import request_cancel
from executions.actions.leased import Usage, finish_succeeded, record_late_usage
from executions.models import RunEvent, SkillExecution, WorkerNode
from tests.admin.desk import (
    LIST,
    PNG,
    begin,
    call,
    client_of,
    fail,
    keep_picture,
    make_execution,
    make_staff,
    operator_client,
    spend,
    succeed,
)
from tests.factories import NOW, Actor, make_actor, make_operator, make_skill

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor():
    make_skill(skills="[echo]")
    return make_actor()


def page_of(execution: SkillExecution, client: Client | None = None) -> str:
    answer = (client or operator_client()).get(f"{LIST}{execution.pk}/change/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_shows_results_and_where_it_came_from(actor: Actor):
    execution = succeed(make_execution(actor=actor, call="functions.x:0", thread="thread/7"))

    page = page_of(execution)

    for text in ("succeeded", "functions.x:0", "thread/7", "&quot;answer&quot;: 42", "Acme", "1.00 s"):
        assert text in page
    assert f"/v1/spaces/{actor.space.id}/skills/executions/{execution.id}/events" in page


def test_it_says_why_a_run_failed(actor: Actor):
    page = page_of(fail(make_execution(actor=actor)))

    assert "It exceeded its memory limit: <bdi>It used 600 MiB of 512 MiB.</bdi>" in page


def test_what_a_run_says_is_never_markup(actor: Actor):
    lease = begin(make_execution(actor=actor, call="<script>alert(1)</script>"))
    outputs = {"x": "</script><script>alert(1)</script>"}
    execution = finish_succeeded(lease=lease, outputs=outputs, now=NOW)

    assert "<script>alert(1)" not in page_of(execution)


def test_pictures_are_shown_through_a_signed_address(actor: Actor):
    execution = make_execution(actor=actor)
    artifact = keep_picture(begin(execution))

    page = page_of(execution)
    address = page.split('<img src="')[1].split('"')[0]
    picture = Client().get(address)

    assert str(artifact.id) in address
    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/png")
    assert b"".join(picture.streaming_content) == PNG


def test_calls_are_a_tree_and_their_cost_is_added_up(actor: Actor):
    top = make_execution(actor=actor)
    lease = begin(top)
    spend(lease, Usage("demo", 10, 5, Decimal("0.01")))
    middle = call(lease, key="profile-1")
    deep = call(begin(middle), key="profile-2")
    spend(begin(deep), Usage("demo", 1, 2, Decimal("0.002")))
    record_late_usage(execution_id=deep.id, usages=[Usage("demo", 0, 0, Decimal("0.0003"))], now=NOW)

    client = operator_client()

    page, inner = page_of(top, client), page_of(middle, client)

    assert page.index("cb-indent-0") < page.index("cb-indent-1") < page.index("cb-indent-2")
    assert "$0.01<" in page
    assert "$0.0123<" in page
    assert "$0.0023<" in inner
    for relative in (top, middle, deep):
        assert f"{LIST}{relative.pk}/change/" in inner


def test_the_number_of_questions_is_bounded(actor: Actor):
    client = operator_client()
    lease = begin(make_execution(actor=actor))
    WorkerNode.objects.create(id=lease.owner, host="w", pid=1, concurrency=1, started_at=NOW, seen_at=NOW)
    for number in range(20):
        call(lease, key=f"k{number}")
        keep_picture(lease, relpath=f"{number}.png")

    with CaptureQueriesContext(connection) as captured:
        page_of(SkillExecution.objects.get(pk=lease.run_id), client)

    assert len(captured) <= 10
    assert "w:1" in page_of(SkillExecution.objects.get(pk=lease.run_id), client)


def test_an_operator_cancels_a_queued_execution(actor: Actor):
    execution = make_execution(actor=actor)
    operator = make_operator()

    answer = client_of(operator).post(f"{LIST}{execution.pk}/cancel/", follow=True)

    execution.refresh_from_db()
    assert (execution.state, execution.cancel_requested_by_id) == ("cancelled", operator.pk)
    assert "It is cancelled." in answer.content.decode()


def test_an_operator_asks_a_running_execution_to_stop(actor: Actor):
    execution = make_execution(actor=actor)
    begin(execution)

    answer = operator_client().post(f"{LIST}{execution.pk}/cancel/", follow=True)

    execution.refresh_from_db()
    assert execution.state == "running"
    assert RunEvent.objects.filter(run_id=execution.pk).last().kind == "execution.cancel_requested"
    assert "Cancellation requested." in answer.content.decode()


def test_an_operator_retries_an_ended_execution_and_lands_on_the_new_one(actor: Actor):
    old = fail(make_execution(actor=actor))
    client = operator_client()

    answer = client.post(f"{LIST}{old.pk}/retry/", follow=True)

    new = SkillExecution.objects.get(retry_of=old)
    assert answer.redirect_chain == [(f"{LIST}{new.pk}/change/", 302)]
    assert f"{LIST}{old.pk}/change/" in answer.content.decode()
    assert f"{LIST}{new.pk}/change/" in page_of(old, client)


def test_staff_who_may_look_also_read_and_steer_nothing(actor: Actor):
    execution = fail(make_execution(actor=actor))
    watcher = client_of(make_staff(permissions=("view_skillexecution",)))
    space = f"/v1/spaces/{actor.space.id}"
    body = {"arguments": {}, "tool_call_id": "call_9"}

    assert f"{space}/skills/executions/{execution.id}/events" in page_of(execution, watcher)
    assert watcher.get(f"{space}/skills/executions/{execution.id}").status_code == 200
    started = watcher.post(f"{space}/tools/echo/execute", body, content_type="application/json")
    assert started.status_code == 403
    assert watcher.post(f"{LIST}{execution.pk}/retry/").status_code == 403
    assert SkillExecution.objects.count() == 1


def test_staff_who_may_not_look_find_nothing(actor: Actor):
    execution = make_execution(actor=actor)
    other = client_of(make_staff(permissions=("view_tenant",)))
    path = f"/v1/spaces/{actor.space.id}/skills/executions/{execution.id}"

    assert other.get(path).status_code == 404
    assert other.post(f"{LIST}{execution.pk}/cancel/").status_code == 403


def test_staff_who_may_change_executions_steer_in_the_admin_only(actor: Actor):
    waiting = make_execution(actor=actor)
    failed = fail(make_execution(actor=actor, call="call_2"))
    staff = make_staff(permissions=("change_skillexecution",))
    client = client_of(staff)

    assert f"/{waiting.pk}/cancel/" in page_of(waiting, client)
    client.post(f"{LIST}{waiting.pk}/cancel/")
    client.post(f"{LIST}{failed.pk}/retry/")
    api = client.post(f"/v1/spaces/{actor.space.id}/skills/executions/{waiting.id}/cancel")

    waiting.refresh_from_db()
    assert (waiting.state, waiting.cancel_requested_by_id) == ("cancelled", staff.pk)
    assert SkillExecution.objects.get(retry_of=failed).principal_id == failed.principal_id
    assert api.status_code == 403


def test_what_a_verb_refuses_is_said_on_the_page(actor: Actor):
    done = succeed(make_execution(actor=actor))
    running = make_execution(actor=actor, call="call_2")
    client = operator_client()

    cancelled = client.post(f"{LIST}{done.pk}/cancel/", follow=True).content.decode()
    retried = client.post(f"{LIST}{running.pk}/retry/", follow=True).content.decode()

    assert "This execution has succeeded and cannot be cancelled." in cancelled
    assert "This execution is queued and cannot be retried." in retried


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_verbs_need_a_post_with_a_csrf_token_by_somebody_who_may_steer(actor: Actor, verb: str):
    execution = make_execution(actor=actor)
    operator = operator_client()
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(make_operator(email="careful@example.com"))
    staff = client_of(make_staff(permissions=("view_skillexecution",)))
    url = f"{LIST}{execution.pk}/{verb}/"

    assert operator.get(url).status_code == 405
    assert careful.post(url).status_code == 403
    assert staff.post(url).status_code == 403
    assert Client().post(url).headers["Location"].startswith("/admin/login/")
    execution.refresh_from_db()
    assert (execution.state, execution.cancel_requested_at) == ("queued", None)


def test_buttons_are_there_when_they_would_do_something(actor: Actor):
    client = operator_client()
    queued, done = make_execution(actor=actor), succeed(make_execution(actor=actor, call="call_2"))
    sub = call(begin(make_execution(actor=actor, call="call_3")), key="k")
    staff = client_of(make_staff(permissions=("view_skillexecution",)))

    def verbs(execution: SkillExecution, client: Client) -> list[str]:
        page = page_of(execution, client)
        return [verb for verb in ("cancel", "retry") if f"/{execution.pk}/{verb}/" in page]

    assert verbs(queued, client) == ["cancel"]
    assert verbs(done, client) == ["retry"]
    assert verbs(sub, client) == ["cancel"]
    assert verbs(queued, staff) == []
    request_cancel(access=actor.access, execution_id=sub.parent_id, now=NOW)
    assert verbs(sub, client) == []
