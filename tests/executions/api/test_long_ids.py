"""A chat's ids are opaque text of up to 4,096 characters, found exactly and by the index of a digest."""

from hashlib import md5
from random import Random
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from executions import stream_registration
from executions.models import RunEvent, SkillExecution
from executions.models.digest import same_text
from tests.executions.api.crowd import make_crowd, plan_of
from tests.executions.api.speaking import Api, make_execution
from tests.factories import make_actor, make_skill

pytestmark = pytest.mark.django_db

CHARACTERS = [chr(code) for code in [*range(0x21, 0x7F), *range(0x4E00, 0x4F00), 0x20, 0x1F99C, 0x2028]]


def long_id(seed: int) -> str:
    """4,096 characters that nothing can compress into an index entry, blanks at both ends."""
    return f" {''.join(Random(seed).choices(CHARACTERS, k=4094))} "


THREAD, MESSAGE, CALL = (long_id(seed) for seed in range(3))
DISPATCH = {"arguments": {"text": "hi"}, "thread_id": THREAD, "message_id": MESSAGE, "tool_call_id": CALL}


@pytest.fixture
def api() -> Api:
    make_skill()
    return Api(make_actor())


def test_a_dispatch_keeps_each_id_as_it_is_and_knows_it_again(api: Api):
    first = api.post("tools/echo/execute", DISPATCH)
    again = api.post("tools/echo/execute", DISPATCH)
    trimmed = api.post("tools/echo/execute", {**DISPATCH, "tool_call_id": CALL.strip()})

    assert (first.status_code, again.status_code, trimmed.status_code) == (201, 200, 201)
    assert again.json()["data"]["id"] == first.json()["data"]["id"]
    shown = first.json()["data"]
    ids = (shown["chat_thread_id"], shown["chat_message_id"], shown["chat_tool_call_id"])
    assert ids == (THREAD, MESSAGE, CALL)
    assert RunEvent.objects.get(run_id=shown["id"]).data["chat_tool_call_id"] == CALL


def test_the_lookup_and_the_list_take_them(api: Api):
    made = make_execution(api.actor, tool_call_id=CALL, thread_id=THREAD)
    make_execution(api.actor, tool_call_id=CALL, thread_id=THREAD.strip())

    found = api.lookup(CALL, f"?thread_id={quote(THREAD, safe='')}")
    listed = api.get(f"skills/executions?thread_id={quote(THREAD, safe='')}")

    assert found.json()["data"]["id"] == str(made.id)
    assert [one["id"] for one in listed.json()["data"]] == [str(made.id)]


def test_the_socket_finds_and_counts_them(api: Api):
    made = make_execution(api.actor, tool_call_id=CALL, thread_id=THREAD)
    space_id = api.actor.space.id

    found = stream_registration.find([space_id], CALL, THREAD)
    elsewhere = stream_registration.find([space_id], CALL, MESSAGE)
    counted = stream_registration.counts([(space_id, CALL), (space_id, MESSAGE)])

    assert found is not None
    assert (found.run_id, elsewhere) == (made.id, None)
    assert counted == {(space_id, CALL): 1}


def test_texts_of_one_digest_are_told_apart(api: Api):
    ids = [  # two texts of one digest, published by Marc Stevens in 2024
        f"TEXTCOLLBYfGiJUETHQ4h{letter}cKSMd5zYpgqf1YRDhkmxHkhPWptrkoyz28wnI9V0aHeAuaKnak" for letter in "AE"
    ]
    assert len({md5(text.encode()).digest() for text in ids}) == 1

    made = [make_execution(api.actor, tool_call_id=text) for text in ids]

    assert [api.lookup(text).json()["data"]["id"] for text in ids] == [str(one.id) for one in made]
    assert sum(stream_registration.counts([(api.actor.space.id, ids[0])]).values()) == 1


def test_long_ids_leave_room_in_what_the_search_knows(api: Api):
    arguments = {"text": "pelican"}
    api.post("tools/echo/execute", {**DISPATCH, "arguments": arguments, "uploaded_files": ["ledger.csv"]})

    found = [len(api.get(f"skills/executions?q={word}").json()["data"]) for word in ("pelican", "ledger.csv")]

    assert found == [1, 1]
    assert len(SkillExecution.objects.get().search_text) < 100  # what could not be asked for costs nothing


def test_what_sockets_ask_is_read_by_the_index_of_digests(api: Api):
    make_crowd(make_execution(api.actor), 3000)
    space_id = api.actor.space.id
    with CaptureQueriesContext(connection) as queries:
        stream_registration.find([space_id], "crowd_7", None)
        stream_registration.counts([(space_id, f"crowd_{number}") for number in range(20)])

    plans = [plan_of(query["sql"], []) for query in queries]

    assert all("execution_by_call_digest" in plan and "Seq Scan" not in plan for plan in plans), plans


@pytest.mark.parametrize(
    ("column", "text", "rows"), [("chat_tool_call_id", "crowd_7", 1), ("chat_thread_id", "thread_7", 30)]
)
def test_the_planner_knows_how_many_rows_a_digest_has(api: Api, column: str, text: str, rows: int):
    make_crowd(make_execution(api.actor), 3000)
    digests = f"SELECT FROM executions_skillexecution WHERE md5({column})::uuid = md5(%s)::uuid"

    assert f"rows={rows} " in plan_of(digests, [text])


def test_a_text_is_found_exactly(api: Api):
    made = make_execution(api.actor, tool_call_id=CALL)

    assert SkillExecution.objects.get(same_text("chat_tool_call_id", CALL)).id == made.id
    assert not SkillExecution.objects.filter(same_text("chat_tool_call_id", CALL.strip())).exists()
