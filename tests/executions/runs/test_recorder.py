"""What comes after a pause is in the log at once; the rest of a burst goes there together."""

from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from executions.models import SkillExecution
from executions.runner.recorder import Recorder
from executions.runs import recorder as module
from executions.runs.lease import Lease
from executions.runs.registry import begin_run
from executions.runs.worker.stop_signal import StopSignal
from spaces.ids import new_id
from tests.executions.runs.worker.attempts import data_of, start

pytestmark = pytest.mark.django_db

LONG = 1000.0  # seconds: no test takes this long


@pytest.fixture
def execution() -> SkillExecution:
    return start("")


@pytest.fixture
def recorder(execution: SkillExecution) -> Recorder:
    return Recorder(leased(execution), StopSignal())


@pytest.fixture(autouse=True)
def _slow_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing becomes due by itself, however slow the machine is."""
    monkeypatch.setattr(module, "BATCH_SECONDS", LONG)
    monkeypatch.setattr(module, "LATE_SECONDS", LONG)


def leased(execution: SkillExecution) -> Lease:
    lease = begin_run(kind="execution", run_id=execution.id, owner=new_id(), now=timezone.now())
    assert lease is not None
    return lease


def messages(execution: SkillExecution) -> list[str]:
    return [data["message"] for data in data_of(execution, "execution.progressed")]


def transactions(execution: SkillExecution) -> int:
    """How many wrote the run's events of progress; one inside the test's own counts, too."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT xmin::text) FROM executions_runevent"
            " WHERE run_id = %s AND kind = 'execution.progressed'",
            [execution.id],
        )
        return int(cursor.fetchone()[0])


def say(recorder: Recorder, *texts: str) -> None:
    for text in texts:
        recorder.progress(fraction=None, message=text)


def test_what_comes_first_is_written_at_once_and_the_rest_of_a_burst_waits(
    execution: SkillExecution, recorder: Recorder
):
    say(recorder, "one", "two", "three")
    at_once = messages(execution)
    recorder.flush_if_due()

    assert (at_once, messages(execution)) == (["one"], ["one"])


def test_the_rest_of_a_burst_is_one_transaction(
    execution: SkillExecution, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
):
    say(recorder, *(str(number) for number in range(30)))
    monkeypatch.setattr(module, "BATCH_SECONDS", 0.0)
    recorder.flush_if_due()

    assert messages(execution) == [str(number) for number in range(30)]
    assert transactions(execution) == 2


def test_what_comes_after_a_pause_is_written_at_once_again(
    execution: SkillExecution, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
):
    say(recorder, "one", "two")
    recorder.flush()
    monkeypatch.setattr(module, "BATCH_SECONDS", 0.0)  # as if so long had passed
    say(recorder, "three")

    assert messages(execution) == ["one", "two", "three"]


def test_sixty_four_items_do_not_wait_for_the_clock(execution: SkillExecution, recorder: Recorder):
    say(recorder, "first", *["next"] * (module.BATCH_ITEMS - 1))
    before = len(messages(execution))
    say(recorder, "last")

    assert (before, len(messages(execution))) == (1, module.BATCH_ITEMS + 1)


def test_a_batch_that_nobody_came_for_is_written_by_whoever_adds_to_it(
    execution: SkillExecution, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
):
    say(recorder, "one", "two")
    monkeypatch.setattr(module, "LATE_SECONDS", 0.0)
    say(recorder, "three")

    assert messages(execution) == ["one", "two", "three"]
    assert transactions(execution) == 2


def test_a_batch_that_nobody_came_for_is_written_by_the_run_s_own_thread(
    execution: SkillExecution, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
):
    say(recorder, "one", "two")
    recorder.flush_if_late()
    before = messages(execution)
    monkeypatch.setattr(module, "LATE_SECONDS", 0.0)
    recorder.flush_if_late()

    assert (before, messages(execution)) == (["one"], ["one", "two"])


def test_a_turn_of_the_loop_waits_and_does_not_hold_back_what_is_said_then(
    execution: SkillExecution, recorder: Recorder
):
    recorder.iteration()
    execution.refresh_from_db()
    alone = execution.iteration_count
    say(recorder, "one")
    execution.refresh_from_db()

    assert (alone, execution.iteration_count, messages(execution)) == (0, 1, ["one"])


def test_text_usage_and_calls_are_heard_at_once_too(execution: SkillExecution):
    lease = leased(execution)

    Recorder(lease, StopSignal()).text("word")
    Recorder(lease, StopSignal()).usage(model="m", input_tokens=1, output_tokens=1, cost_usd=Decimal(0))
    Recorder(lease, StopSignal()).tool_called(call_id="c", name="workspace.fs.list", arguments={})

    assert data_of(execution, "text.appended") == [{"text": "word"}]
    assert len(data_of(execution, "usage.recorded")) == len(data_of(execution, "tool.called")) == 1


def test_pieces_of_text_that_wait_are_one_event(execution: SkillExecution, recorder: Recorder):
    for piece in ("a", "b", "c"):
        recorder.text(piece)
    recorder.flush()

    assert [data["text"] for data in data_of(execution, "text.appended")] == ["a", "bc"]
