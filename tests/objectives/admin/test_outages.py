"""What the desk shows of providers that are unavailable, and how a failure is taken up again there."""

from datetime import timedelta

import pytest
from django.utils import timezone

from objectives.models import ErrorType, Objective
from tests.admin.desk import client_of, make_staff, operator_client
from tests.factories import Actor, make_actor
from tests.objectives.actions.test_objective_verbs import standing_in
from tests.objectives.admin.desk import OBJECTIVES, page_of
from tests.objectives.agent_loop.working import fresh, start, types

pytestmark = pytest.mark.django_db

AWAY = 'cb-badge" data-state="waiting">provider unavailable'


@pytest.fixture
def actor() -> Actor:
    return make_actor()


@pytest.fixture
def waiting(actor: Actor) -> Objective:
    """It has waited for its provider for three minutes."""
    objective = start(actor, script=[{"answer": "Done."}])
    now = timezone.now()
    Objective.objects.filter(pk=objective.pk).update(
        state="running",
        provider_unavailable_since=now - timedelta(minutes=3),
        next_try_at=now + timedelta(minutes=4),
        provider_message="small: answered 529: <b>Overloaded</b>",
    )
    return fresh(objective)


def test_its_page_says_since_when_and_when_next(waiting: Objective) -> None:
    page = page_of(waiting)

    assert 'Provider unavailable since <time datetime="20' in page
    assert "(3 min 0" in page
    assert 'next try at <time datetime="20' in page
    assert "answered 529: &lt;b&gt;Overloaded" in page


def test_a_try_that_goes_on_is_told_as_such(waiting: Objective) -> None:
    Objective.objects.filter(pk=waiting.pk).update(next_try_at=timezone.now())

    assert "being asked again now" in page_of(waiting)


def test_the_list_marks_and_finds_them_and_the_desk_counts_them(actor: Actor, waiting: Objective) -> None:
    other = start(actor, script=[{"answer": "Done."}])
    client = operator_client()

    desk = client.get("/admin/").content.decode()
    everything = client.get(OBJECTIVES).content.decode()
    found = client.get(OBJECTIVES, {"provider": "unavailable"}).content.decode()

    assert "<b>1</b><span>Provider unavailable</span>" in desk
    assert f"{OBJECTIVES}?provider=unavailable" in desk
    assert everything.count(AWAY) == 1
    assert (str(waiting.pk) in found, str(other.pk) in found) == (True, False)


def test_without_any_there_is_nothing_to_count(actor: Actor) -> None:
    start(actor, script=[{"answer": "Done."}])

    assert "Provider unavailable" not in operator_client().get("/admin/").content.decode()


def test_an_operator_takes_up_what_failed_for_a_passing_cause(actor: Actor) -> None:
    objective = standing_in(actor, "failed", ErrorType.PROVIDER_UNAVAILABLE)
    client = operator_client()
    before = page_of(objective, client)

    answer = client.post(f"{OBJECTIVES}{objective.pk}/continue/", follow=True)

    page = answer.content.decode()
    assert '<button class="cb-button">Continue</button>' in before
    assert "Resumed." in page
    assert f"continued by <bdi>{answer.wsgi_request.user}</bdi>, <time" in page
    assert f"Continued by {answer.wsgi_request.user}" in page
    assert fresh(objective).state == "running"


def test_what_failed_for_good_has_a_button_that_says_why_not(actor: Actor) -> None:
    objective = standing_in(actor, "failed", ErrorType.BUDGET_EXCEEDED)
    client = operator_client()

    page = page_of(objective, client)
    answer = client.post(f"{OBJECTIVES}{objective.pk}/continue/", follow=True).content.decode()

    assert 'disabled title="This objective cannot be continued, since it did not fail from a temp' in page
    assert "temporary cause" in answer
    assert fresh(objective).state == "failed"


def test_whoever_may_only_look_takes_nothing_up(actor: Actor) -> None:
    objective = standing_in(actor, "failed", ErrorType.WORKER_LOST)
    before = types(objective)
    client = client_of(make_staff(permissions=("view_objective",)))

    answer = client.post(f"{OBJECTIVES}{objective.pk}/continue/")

    assert answer.status_code == 403
    assert ">Continue</button>" not in page_of(objective, client)
    assert types(objective) == before
