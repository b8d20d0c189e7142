"""The Desk's figures lead to what they count, and its lists say why things failed."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from executions.admin.filters import finished_since
from executions.models import SkillExecution
from tests import histories
from tests.admin.desk import LIST, begin, fail, make_execution, operator_client, succeed
from tests.executions.api.crowd import make_crowd
from tests.factories import NOW, Actor, make_actor, make_skill
from tests.objectives.runs import begin_objective, make_published_agent

pytestmark = pytest.mark.django_db
FIGURE = re.compile(r'href="([^"]+)">\s*<b>([\d,+]+)</b><span>([^<]+)</span>')


@pytest.fixture
def actor() -> Actor:
    make_skill()
    return make_actor()


def figures(client: Client) -> dict[str, tuple[str, str]]:
    """By title: the number, and where it leads."""
    found = FIGURE.findall(client.get("/admin/").content.decode())
    return {title: (count, url.replace("&amp;", "&")) for url, count, title in found}


def listed(client: Client, url: str) -> set[str]:
    return set(re.findall(r"/skillexecution/([0-9a-f-]{36})/change/", client.get(url).content.decode()))


def make_history(actor: Actor) -> None:
    """What ended at several times, though all of it was asked for at one."""
    now = timezone.now()
    for number, hours in enumerate((0.1, 0.5, 2, 30, 24 * 9)):
        failed = make_execution(actor=actor, call=f"failed_{number}")
        histories.fail(failed, "memory_limit", "Too much.", now=now - timedelta(hours=hours))
    for hours in (0.2, 3):
        good = make_execution(actor=actor, call=f"good_{hours}")
        histories.succeed(good, {}, now=now - timedelta(hours=hours))
    begin(make_execution(actor=actor, call="running"))
    make_execution(actor=actor, call="queued")
    begin_objective(actor, make_published_agent(actor))


def test_each_figure_leads_to_exactly_what_it_counts(actor: Actor) -> None:
    make_history(actor)
    client = operator_client()

    shown = figures(client)

    assert {title: count for title, (count, _) in shown.items()} == {
        "Waits for people": "0",
        "Executions running": "1",
        "Executions queued": "1",
        "Executions failed in the last hour": "2",
        "Executions succeeded in the last hour": "1",
    }
    for title, (count, url) in shown.items():
        assert len(listed(client, url)) == int(count), title


@pytest.mark.parametrize(
    ("finished", "count"), [("hour", 3), ("day", 5), ("week", 6), ("nonsense", 9), ("", 9)]
)
def test_the_list_is_narrowed_by_how_long_ago_things_ended(actor: Actor, finished: str, count: int) -> None:
    make_history(actor)
    client = operator_client()

    assert len(listed(client, f"{LIST}?finished={finished}")) == count


def test_what_ended_lately_is_found_through_its_index(actor: Actor) -> None:
    make_crowd(make_execution(actor=actor), 1_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE executions_skillexecution")
        cursor.execute("SET LOCAL enable_seqscan = off")

    recent = finished_since(SkillExecution.objects.all(), timezone.now())
    plans = [recent.explain(), recent.filter(state="failed").explain()]

    assert all("execution_by_end" in plan for plan in plans), plans


def test_the_desk_asks_the_same_number_of_questions_whatever_there_is(actor: Actor) -> None:
    client, asked = operator_client(), []
    for number in range(2):
        for each in range(3):
            fail(make_execution(actor=actor, call=f"call_{number}_{each}"))
        with CaptureQueriesContext(connection) as captured:
            client.get("/admin/")
        asked.append(len(captured))

    assert asked[0] == asked[1]


@pytest.mark.parametrize("url", ["/admin/", LIST])
def test_failures_say_why(actor: Actor, url: str) -> None:
    fail(make_execution(actor=actor))
    histories.fail(make_execution(actor=actor, call="call_2"), "memory_limit", "")

    page = operator_client().get(url).content.decode()

    assert "It used 600 MiB of 512 MiB." in page
    assert "It exceeded its memory limit" in page
    assert "memory_limit" not in page


def test_a_long_error_costs_a_list_no_more_than_its_beginning(actor: Actor) -> None:
    histories.fail(make_execution(actor=actor), "skill_error", "x" * 100_000)

    page = operator_client().get(LIST).content.decode()

    assert "x" * 300 in page
    assert "x" * 301 not in page


def test_a_figure_of_nothing_leads_to_an_empty_list(actor: Actor) -> None:
    succeed(make_execution(actor=actor, at=NOW))
    client = operator_client()

    count, url = figures(client)["Executions failed in the last hour"]

    assert count == "0"
    assert listed(client, url) == set()
