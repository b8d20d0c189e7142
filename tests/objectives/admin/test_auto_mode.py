"""What auto mode found about a call, as operators see it in the queue and on its page."""

from typing import Any

import pytest
from django.utils import timezone

from objectives.agent_loop.judgement_step import decision_scores
from objectives.models import ToolCall
from tests.admin.desk import operator_client
from tests.factories import make_actor
from tests.objectives.admin.desk import CALLS, QUEUE, waiting

pytestmark = pytest.mark.django_db

AUTO_MODE = {
    "questions": [
        {"question": "Is it <b>small</b>?", "threshold": 0.5},
        {"question": "Wished?", "threshold": 1},
    ],
    "passingMode": "PASSING_MODE_ALL",
}


def judged(scores: list[float], **fields: Any) -> ToolCall:
    call = waiting(make_actor())
    ToolCall.objects.filter(pk=call.pk).update(decision_scores=decision_scores(AUTO_MODE, scores), **fields)
    call.refresh_from_db()
    return call


def test_people_who_are_asked_see_which_question_was_not_passed() -> None:
    call = judged([0.5, 0.25])
    client = operator_client()

    for address in (QUEUE, f"{CALLS}{call.pk}/change/"):
        page = client.get(address).content.decode()
        answers = page.split('data-passed="')[1:]
        assert [answer.split('"')[0] for answer in answers] == ["yes", "no"]
        assert "Is it &lt;b&gt;small&lt;/b&gt;?" in answers[0]
        assert "0.25" in answers[1]


@pytest.mark.parametrize(
    ("approval", "expires", "said"),
    [
        ("auto_approved", False, "Approved by auto mode"),
        ("denied", False, "Denied by auto mode"),
        ("denied", True, "Denied by default, since nobody decided in time"),
    ],
)
def test_it_is_said_who_decided(approval: str, expires: bool, said: str) -> None:
    now = timezone.now()
    call = judged([1, 1], approval=approval, decided_at=now, approval_expires_at=now if expires else None)

    assert said in operator_client().get(f"{CALLS}{call.pk}/change/").content.decode()


def test_what_is_being_judged_is_no_work_for_people() -> None:
    call = judged([1, 1], awaits_judgement=True)
    client = operator_client()

    assert str(call.pk) not in client.get(QUEUE).content.decode()
    assert "being judged" in client.get(f"{CALLS}{call.pk}/change/").content.decode()
