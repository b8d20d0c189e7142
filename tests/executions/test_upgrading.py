"""What was dispatched before an upgrade is found after it."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection

from executions import stream_registration
from executions.api.selectors import BY_TOOL_CALL, find_by_tool_call
from tests.databases import original_migrations
from tests.executions.api.crowd import make_crowd, plan_of
from tests.executions.api.speaking import Api, make_execution
from tests.factories import make_actor, make_skill

pytestmark = pytest.mark.django_db(transaction=True)

# Migrations: the last with indexes of whole ids, and the last that ends them.
WHOLE_IDS, DIGESTS = "0013_events_by_month", "0018_operators_find_long_ids"
INDEXES = "SELECT indexname, indisvalid FROM pg_indexes JOIN pg_index ON indexrelid = indexname::regclass"


def migrate(target: str) -> None:
    original_migrations().migrate([("executions", target)])


@pytest.fixture
def _of_before() -> Iterator[None]:
    """The schema before chat ids were found by their digest."""
    migrate(WHOLE_IDS)
    yield
    call_command("migrate", verbosity=0)


def indexes() -> dict[str, bool]:
    """The indexes of executions by tool call and thread, and whether each is valid."""
    with connection.cursor() as cursor:
        cursor.execute(f"{INDEXES} WHERE indexname ~ '^execution_by_(tool_call|call|thread)'")
        return dict(cursor.fetchall())


@pytest.mark.usefixtures("_of_before")
def test_what_was_dispatched_before_ids_went_by_digest_is_found_by_it():
    make_skill()
    api = Api(make_actor())
    make_crowd(make_execution(api.actor, tool_call_id="call_1", thread_id="thread"), 2000)
    space_id = api.actor.space.id
    before = indexes()
    migrate("0015_long_chat_ids")
    with connection.cursor() as cursor:  # what a migration leaves that was cut off
        cursor.execute("CREATE INDEX execution_by_call_digest ON executions_skillexecution (id)")

    migrate(DIGESTS)

    found = find_by_tool_call(space_id, "call_1", "thread")
    assert found is not None
    assert found.chat_tool_call_id == "call_1"
    assert len(api.get("skills/executions?thread_id=thread_7").json()["data"]) == 20
    assert stream_registration.counts([(space_id, "crowd_7")]) == {(space_id, "crowd_7"): 1}
    plan = plan_of(BY_TOOL_CALL, {"space_id": space_id, "tool_call_id": "crowd_7"})
    assert "Index Scan using execution_by_call_digest on executions_skillexecution execution" in plan
    assert before == {"execution_by_thread": True, "execution_by_tool_call": True}
    assert indexes() == {"execution_by_call_digest": True, "execution_by_thread_digest": True}
