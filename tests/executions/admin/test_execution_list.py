"""The execution list: never counted, paged by key, searched and filtered through indexes."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from executions.admin.search import condition
from executions.models import SkillExecution
from spaces.admin.kit.changelist import NewestFirstChangeList
from tests.admin.desk import LIST, fail, make_execution, operator_client, succeed
from tests.executions.api.crowd import make_crowd
from tests.factories import NOW, Actor, make_actor, make_skill

pytestmark = pytest.mark.django_db


def shown(answer: HttpResponse):
    """The ids on the page, in order."""
    return re.findall(
        r"/skillexecution/([0-9a-f-]{36})/change/[^>]*>\s*<span class=\"cb-badge", answer.content.decode()
    )


def link(answer: HttpResponse, direction: str):
    found = re.search(rf'href="(\?[^"]*p={direction}[^"]*)"', answer.content.decode())
    return LIST + found[1].replace("&amp;", "&") if found else None


@pytest.fixture
def actor():
    make_skill()
    make_skill(slug="other")
    return make_actor()


@pytest.mark.parametrize("query", ["", "?state__exact=failed", "?q=call_3", "?skill=echo", "?_facets=True"])
def test_the_list_never_counts_and_asks_few_questions(actor: Actor, query: str):
    for number in range(6):
        make_execution(actor=actor, call=f"call_{number}")
    client = operator_client()

    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(LIST + query).status_code == 200

    assert not [each["sql"] for each in captured if "COUNT(" in each["sql"].upper()]
    assert len(captured) <= 6


def test_the_number_of_questions_does_not_grow_with_the_rows(actor: Actor):
    client = operator_client()
    asked = []
    for number in range(2):
        for row in range(10):
            make_execution(actor=actor, call=f"call_{number}_{row}")
        with CaptureQueriesContext(connection) as captured:
            client.get(LIST)
        asked.append(len(captured))

    assert asked[0] == asked[1]


def test_pages_follow_each_other_without_gap_or_repetition(actor: Actor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(NewestFirstChangeList, "list_per_page", 3)
    # Several share one time, so that the id has to tell them apart.
    made = [
        make_execution(actor=actor, call=f"call_{number}", at=NOW + timedelta(seconds=number // 4))
        for number in range(10)
    ]
    wanted = [str(row.id) for row in sorted(made, key=lambda row: (row.created_at, row.id), reverse=True)]
    client = operator_client()

    forth, page = [], client.get(LIST)
    pages = [shown(page)]
    while (older := link(page, "older")) is not None:
        page = client.get(older)
        pages.append(shown(page))
    forth = [row for rows in pages for row in rows]
    back = [shown(page)]
    while (newer := link(page, "newer")) is not None:
        page = client.get(newer)
        back.append(shown(page))

    assert forth == wanted
    assert [len(rows) for rows in pages] == [3, 3, 3, 1]
    assert back[0] == pages[-1]
    assert [row for rows in reversed(back) for row in rows] == wanted


@pytest.mark.parametrize(
    "place", ["older.2", "older.x.y.z", "older.2.99999999999999999999999.00", "%00", "3"]
)
def test_a_bad_place_is_the_first_page(actor: Actor, place: str):
    made = make_execution(actor=actor)

    assert shown(operator_client().get(f"{LIST}?p={place}")) == [str(made.id)]


def test_executions_are_found_by_what_operators_know(actor: Actor):
    first = succeed(make_execution(actor=actor, call="call_A/1?x", thread="thread 1"))
    second = fail(make_execution(actor=actor, call="call_B", thread="thread 2", slug="other"))
    client = operator_client()

    def find(term: str) -> set[str]:
        return set(shown(client.get(LIST, {"q": term})))

    assert find(str(first.id)) == {str(first.id)}
    assert find(str(first.id).upper()) == {str(first.id)}
    # The first 13 characters of a time-ordered id are its time, which both may share.
    assert str(first.id) in find(str(first.id)[:13])
    assert find("call_A/1?x") == {str(first.id)}
    assert find("thread 2") == {str(second.id)}
    assert find("failed") == {str(second.id)}
    assert find("other") == {str(second.id)}
    assert find("succeeded echo") == {str(first.id)}
    assert find("failed echo") == set()
    assert find("call_") == set()


def test_an_id_is_found_however_it_was_copied(actor: Actor):
    ours, thread = "toolcall_01M8PKSN15EZA8HJBNTMSQ9P6M", "obj_01M8PKSN6AEFRRN09KW5VY4KRC"
    made = {
        ours: make_execution(actor=actor, call=ours, thread=thread),
        " a b ": make_execution(actor=actor, call=" a b "),
        "a b": make_execution(actor=actor, call="a b"),
        "Call_A": make_execution(actor=actor, call="Call_A"),
    }
    client = operator_client()

    def find(term: str) -> set[str]:
        return set(shown(client.get(LIST, {"q": term})))

    def of(*calls: str) -> set[str]:
        return {str(made[call].id) for call in calls}

    assert [find(term) for term in (ours, ours.lower(), f" {ours.upper()}\t", thread.lower())] == [
        of(ours)
    ] * 4
    assert find(" a b ") == of(" a b ", "a b")
    assert find("a b") == of("a b")
    assert find("\nCall_A ") == of("Call_A")
    assert find("call_a") == set()
    assert find("  ") == of(*made)


def test_filters_narrow_the_list(actor: Actor):
    first = succeed(make_execution(actor=actor, call="a"))
    second = make_execution(actor=actor, call="b", slug="other", at=NOW + timedelta(days=2))
    client = operator_client()

    def filtered(**query: str) -> list[str]:
        return shown(client.get(LIST, query))

    assert filtered(state__exact="succeeded") == [str(first.id)]
    assert filtered(source__exact="chat") == [str(second.id), str(first.id)]
    assert filtered(source__exact="schedule") == []
    assert filtered(skill="other") == [str(second.id)]
    assert filtered(space__id__exact=str(actor.space.id)) == [str(second.id), str(first.id)]
    later = {
        "created_at_from_0": (NOW + timedelta(days=1)).date().isoformat(),
        "created_at_from_1": "00:00:00",
    }
    assert filtered(**later) == [str(second.id)]
    assert filtered(created_at_from_0="nonsense") == [str(second.id), str(first.id)]


WORDS = {
    "failed": "execution_newest_by_state",
    "echo": "execution_newest_by_skill",
    "schedule": "execution_newest_by_source",
}


@pytest.mark.parametrize(("word", "index"), WORDS.items(), ids=WORDS)
def test_a_word_is_read_off_its_index_in_the_order_of_the_list(actor: Actor, word: str, index: str):
    # Among a handful of rows every index costs the same, and the planner may take any.
    make_crowd(make_execution(actor=actor, slug="other"), 1000)

    plan = plan_of(word)

    assert index in plan
    assert "Sort" not in plan


@pytest.mark.parametrize(
    ("term", "ways"), [("call_77", 2), (" call_77", 4), ("0199aaaa", 3), ("0199aaaa-0000-7000", 3)]
)
def test_every_way_to_find_an_id_has_an_index_to_begin_with(actor: Actor, term: str, ways: int):
    for number in range(20):
        make_execution(actor=actor, call=f"call_{number}")

    plan = plan_of(term, forbidden=("seqscan", "indexscan"))

    assert "BitmapOr" in plan
    assert plan.count("Index Cond") == ways


def plan_of(term: str, *, forbidden: tuple[str, ...] = ("seqscan",)) -> str:
    """How a search is run where the cheapest way among a handful of rows, reading all, is forbidden."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE executions_skillexecution")
        for way in forbidden:
            cursor.execute(f"SET LOCAL enable_{way} = off")
    found = SkillExecution.objects.filter(condition(term)).order_by("-created_at", "-id")[:51]
    return str(found.explain())
