"""The benchmark of objectives: copies of a real one, and the client that follows a stream."""

import re
import socket
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.db import connection

from executions.models import RunHead
from objectives.models import WAITS_FOR_PEOPLE, ApprovalStatus, ExecutionStatus, Objective, Step, ToolCall
from tests.benchmarks.database import url_of
from tests.benchmarks.failures import NotMeasured
from tests.benchmarks.objectives.copying import WAITING_EACH, copy_running, fill
from tests.benchmarks.objectives.turning import Stream
from tests.config.canned import server
from tests.factories import NOW, Actor, make_actor, make_space
from tests.objectives.factories import make_agent, make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent, park

ROWS = 2 * WAITING_EACH
NEWEST = datetime(2030, 1, 1, tzinfo=UTC)


def url() -> str:
    return url_of(settings.DATABASE_URL, str(connection.settings_dict["NAME"]))


def worked_on(actor: Actor, *, waits: bool) -> Objective:
    """An objective with a call, over or waiting for people."""
    tool = make_tool(tool_set=make_tool_set(space=actor.space, created_by=actor.principal), name="look")
    objective = begin_objective(actor, make_published_agent(actor, tool))
    if waits:
        ask_for(objective, "look", approval=ApprovalStatus.WAITING_FOR_APPROVAL)
        park(objective)
        return objective
    ask_for(objective, "look", approval=ApprovalStatus.AUTO_APPROVED, execution=ExecutionStatus.COMPLETED)
    Objective.objects.filter(pk=objective.pk).update(state="finalized", finished_at=NOW, output={"done": 1})
    RunHead.objects.filter(pk=objective.pk).update(state="ended", available_at=None)
    return objective


@pytest.mark.django_db(transaction=True)
def test_copies_are_whole_and_the_oldest_are_of_another_space() -> None:
    actor = make_actor()
    models = {waits: worked_on(actor, waits=waits) for waits in (False, True)}
    retired, quiet = make_agent(space=actor.space, created_by=actor.principal), make_space()
    written: list[int] = []

    fill(
        url(),
        rows=ROWS,
        newest=NEWEST,
        models={waits: str(model.id) for waits, model in models.items()},
        quiet={"quiet_space": str(quiet.id), "quiet_agent": str(retired.id)},
        advance=written.append,
    )

    copies = Objective.objects.exclude(pk__in=[model.pk for model in models.values()])
    assert (copies.count(), sum(written)) == (ROWS, ROWS)
    assert copies.order_by("-id").values_list("created_at", flat=True)[0] == NEWEST
    assert set(copies.filter(agent=retired).values_list("space", flat=True)) == {quiet.id}
    assert copies.filter(agent=retired).count() == copies.filter(space=quiet).count() == ROWS // 50
    assert ToolCall.objects.filter(WAITS_FOR_PEOPLE, objective__in=copies).count() == ROWS // WAITING_EACH
    for copy in copies.order_by("id")[:3]:
        call = ToolCall.objects.select_related("step__window").get(objective=copy)
        assert (call.step.objective_id, call.step.window.objective_id) == (copy.id, copy.id)
        assert call.space_id == copy.space_id == RunHead.objects.get(pk=copy.id).space_id
    assert Step.objects.count() == ROWS + len(models)


@pytest.mark.django_db(transaction=True)
def test_a_copy_that_runs_is_in_a_workers_hands_and_has_no_event() -> None:
    model = worked_on(make_actor(), waits=False)

    run_ids = copy_running(url(), str(model.id), count=3)

    copies = Objective.objects.filter(pk__in=run_ids)
    assert {(copy.state, copy.output, copy.finished_at) for copy in copies} == {("running", None, None)}
    heads = RunHead.objects.filter(pk__in=run_ids)
    assert [(head.state, head.seq, head.lease_owner is not None) for head in heads] == [
        ("running", 0, True)
    ] * 3


def test_a_stream_says_when_something_came_and_when_it_never_will() -> None:
    answer = b'data: {"type":"first","id":"obj_1"}\n\n'
    with server(answer) as port, Stream(port) as stream:
        begun = stream.send(b"GET / HTTP/1.1\r\n\r\n")

        first, found = stream.wait_for(re.compile(rb'"id":"(\w+)"'))
        again, _ = stream.wait_for(re.compile(rb'"first"'))

    assert (found, again) == ("obj_1", first)
    assert begun < first


def test_a_stream_that_ends_before_its_word_is_not_measured() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, Stream(listening.getsockname()[1]) as stream:
        listening.accept()[0].close()

        with pytest.raises(NotMeasured, match="never"):
            stream.wait_for(re.compile(rb"never"))
