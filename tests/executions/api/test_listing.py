"""The list of executions: newest first, in pages that neither skip nor repeat, narrowed by filters."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.executions.api.crowd import make_crowd, plan_of
from tests.executions.api.speaking import Api, fail, make_execution, problems, succeed
from tests.factories import NOW, make_actor, make_skill

pytestmark = pytest.mark.django_db

LIST = "skills/executions"


def ids(response):
    assert response.status_code == 200, response.content
    return [item["id"] for item in response.json()["data"]]


def walk(api, query=""):
    """Every id of the list, page by page, and how many pages there were."""
    found, pages, cursor = [], 0, None
    while pages < 50:
        response = api.get(f"{LIST}?{query}" + (f"&cursor={cursor}" if cursor else ""))
        found += ids(response)
        pages += 1
        meta = response.json()["meta"]
        assert meta["has_more"] == (meta["next_cursor"] is not None)
        cursor = meta["next_cursor"]
        if cursor is None:
            return found, pages
    raise AssertionError("the list never ends")


def test_an_empty_list_has_its_envelope():
    response = Api(make_actor()).get(LIST)

    assert response.json() == {"data": [], "meta": {"next_cursor": None, "has_more": False}}


def test_pages_hold_every_execution_once_newest_first():
    api = Api(make_actor())
    make_skill()
    made = [
        make_execution(api.actor, tool_call_id=f"c{n}", now=NOW + timedelta(seconds=n)).id for n in range(7)
    ]

    found, pages = walk(api, "limit=3")

    assert found == [str(row_id) for row_id in reversed(made)]
    assert pages == 3


def test_equal_times_are_told_apart_by_the_id():
    api = Api(make_actor())
    make_skill()
    made = {str(make_execution(api.actor, tool_call_id=f"c{n}").id) for n in range(7)}

    found, _ = walk(api, "limit=2")

    assert len(found) == 7
    assert set(found) == made


def test_a_page_that_ends_exactly_has_no_next():
    api = Api(make_actor())
    make_skill()
    for n in range(2):
        make_execution(api.actor, tool_call_id=f"c{n}")

    assert walk(api, "limit=2")[1] == 1


def test_what_comes_in_between_does_not_shift_the_pages():
    api = Api(make_actor())
    make_skill()
    for n in range(4):
        make_execution(api.actor, tool_call_id=f"c{n}", now=NOW + timedelta(seconds=n))
    first = api.get(f"{LIST}?limit=2")

    make_execution(api.actor, tool_call_id="new", now=NOW + timedelta(hours=1))
    second = api.get(f"{LIST}?limit=2&cursor={first.json()['meta']['next_cursor']}")

    assert len({*ids(first), *ids(second)}) == 4


def test_fifty_is_the_default_and_a_hundred_the_most():
    api = Api(make_actor())
    make_skill()
    make_crowd(make_execution(api.actor), 120)

    assert len(ids(api.get(LIST))) == 50
    assert len(ids(api.get(f"{LIST}?limit=100"))) == 100


@pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", "", "1.5", "٣", "9" * 5000])
def test_another_limit_is_named(limit):
    assert problems(Api(make_actor()).get(f"{LIST}?limit={limit}")) == [(["query", "limit"], "out_of_range")]


@pytest.mark.parametrize(
    "cursor", ["", "x", "AAAA", "ü", "A" * 3000, "W1tbW1tbW1tb" * 200, "AAAAAAAAAABbMSwyXQ", "%00"]
)
def test_what_is_no_cursor_is_named(cursor):
    assert problems(Api(make_actor()).get(f"{LIST}?cursor={cursor}")) == [
        (["query", "cursor"], "cursor_invalid")
    ]


def test_a_cursor_counts_for_its_own_filters_and_list_only():
    api = Api(make_actor())
    make_skill()
    make_skill(slug="other")
    for n in range(3):
        make_execution(api.actor, tool_call_id=f"c{n}")
    cursor = api.get(f"{LIST}?limit=1&state=queued&source=chat").json()["meta"]["next_cursor"]
    refused = [(["query", "cursor"], "cursor_invalid")]

    assert len(ids(api.get(f"{LIST}?source=chat&cursor={cursor}&state=queued"))) == 2
    assert problems(api.get(f"{LIST}?cursor={cursor}")) == refused
    assert problems(api.get(f"{LIST}?state=running&source=chat&cursor={cursor}")) == refused
    assert problems(api.get(f"skills?cursor={cursor}")) == refused
    assert problems(Api(make_actor()).get(f"{LIST}?state=queued&source=chat&cursor={cursor}")) == refused


def test_each_filter_narrows_the_list():
    api = Api(make_actor())
    make_skill()
    make_skill(slug="other")
    member = make_actor(space=api.actor.space, name="member")
    queued = make_execution(api.actor, tool_call_id="a", thread_id="t1", arguments={"text": "red apples"})
    done = succeed(make_execution(api.actor, tool_call_id="b", now=NOW + timedelta(hours=1)))
    broken = fail(make_execution(member, tool_call_id="c", tool_name="other", now=NOW + timedelta(hours=2)))
    started = api.post("skills/echo/executions", {"inputs": {"text": "x"}}).json()["data"]["id"]
    everything = {str(queued.id), str(done.id), str(broken.id), started}

    def found(query):
        return set(ids(api.get(f"{LIST}?{query}")))

    assert found("") == everything
    assert found("state=succeeded") == {str(done.id)}
    assert found("state=succeeded&state=failed") == {str(done.id), str(broken.id)}
    assert found("source=standalone") == {started}
    assert found("skill=other") == {str(broken.id)}
    assert found(f"principal_id={member.principal.id}") == {str(broken.id)}
    assert found("thread_id=t1") == {str(queued.id)}
    assert found("created_before=2026-11-22T12:30:00Z&source=chat") == {str(queued.id)}
    assert found("created_after=2026-11-22T13:30:00%2B00:00&source=chat") == {str(broken.id)}
    assert found("started_after=2026-11-22T12:00:00Z") == {str(done.id), str(broken.id)}
    assert found("finished_before=2026-11-22T12:00:00Z") == set()
    assert found("q=apples") == {str(queued.id)}
    assert found("q=%22red apples%22") == {str(queued.id)}
    assert found("q=apples or other") == {str(queued.id), str(broken.id)}
    assert found("q=-apples&source=chat") == {str(done.id), str(broken.id)}
    assert found("skill=other&state=succeeded") == set()


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("state=done", "state"),
        ("source=nobody", "source"),
        ("principal_id=me", "principal_id"),
        ("created_after=yesterday", "created_after"),
        ("finished_before=2026-13-45T99:00:00Z", "finished_before"),
        ("skill=%00", "skill"),
        ("q=a%00b", "q"),
        (f"thread_id={'x' * 4097}", "thread_id"),
        ("stat=queued", "stat"),
    ],
)
def test_a_filter_that_cannot_be_is_named(query, where):
    named = problems(Api(make_actor()).get(f"{LIST}?{query}"))

    assert [loc for loc, _ in named] == [["query", where]]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59", "2026-11-22"])
def test_times_at_the_edge_are_no_failure(moment):
    assert Api(make_actor()).get(f"{LIST}?created_after={moment}").status_code in {200, 422}


def test_another_spaces_executions_are_not_listed():
    make_skill()
    make_execution(make_actor())

    assert ids(Api(make_actor()).get(LIST)) == []


def test_a_page_is_one_statement_and_never_counts():
    api = Api(make_actor())
    make_skill()
    make_crowd(make_execution(api.actor), 120)
    cursor = api.get(LIST).json()["meta"]["next_cursor"]

    with CaptureQueriesContext(connection) as queries:
        api.get(f"{LIST}?cursor={cursor}")

    statements = [query["sql"] for query in queries if "executions_skillexecution" in query["sql"]]
    assert len(statements) == 1
    assert "COUNT(" not in statements[0].upper()
    assert '"inputs"' not in statements[0]


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("", "execution_by_space"),
        ("state=queued", "execution_by_state"),
        ("skill=echo", "execution_by_skill"),
        ("thread_id=thread_7", "execution_by_thread_digest"),
    ],
)
def test_a_page_far_down_is_one_walk_along_an_index(query, index):
    api = Api(make_actor())
    make_skill()
    make_skill(slug="other")
    make_crowd(make_execution(api.actor), 3000)
    make_crowd(succeed(make_execution(api.actor, tool_call_id="other", tool_name="other")), 3000)
    make_crowd(make_execution(make_actor()), 3000)
    cursor = api.get(f"{LIST}?limit=1&{query}").json()["meta"]["next_cursor"]

    with CaptureQueriesContext(connection) as queries:
        api.get(f"{LIST}?{query}&cursor={cursor}")

    statement = next(query["sql"] for query in queries if "executions_skillexecution" in query["sql"])
    plan = plan_of(statement, [])
    assert index in plan
    assert "Sort" not in plan
    assert "ROW(created_at, id) <" in plan.split("Index Cond: ")[1].splitlines()[0]
