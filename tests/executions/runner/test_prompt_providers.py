"""Prompt skills run by a provider's model: retries, repairs, budgets, over local HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from executions.models import SkillExecution
from executions.runner.outcomes import RunFailed
from executions.runner.prompt import run_prompt
from tests.executions.inference.asking import KEY, models_entry
from tests.executions.inference.provider_server import Answer, ProviderServer, serving
from tests.executions.inference.wire import chat_events
from tests.executions.runner.prompt_runs import RunMaker, logged

pytestmark = pytest.mark.django_db

FINAL = chat_events(calls=(("c9", "final_answer", '{"answer": "Rome"}'),), finish="tool_calls")
READ = chat_events(
    "Reading. ",
    calls=(("c1", "workspace_fs_read", '{"path": "inputs/materials/a.csv"}'),),
    finish="tool_calls",
)


@contextmanager
def provided(settings: Settings, *answers: Answer, **fields: Any) -> Iterator[ProviderServer]:
    """The alias `paid` answered by a server; each answer costs 0.15 dollars at these prices."""
    with serving(*answers) as server:
        settings.MODELS = {"paid": models_entry(server.url, **fields)}
        yield server


def failure(run: Any) -> dict[str, Any]:
    with pytest.raises(RunFailed) as raised:
        run_prompt(run)
    return raised.value.error


def test_a_provider_reads_a_file_and_answers(prompt_run: RunMaker, settings: Settings) -> None:
    with provided(settings, Answer(events=READ), Answer(events=FINAL)) as server:
        run = prompt_run(model="paid")
        outputs = run_prompt(run)

    assert outputs == {"answer": "Rome"}
    assert ("text.appended", {"text": "Reading. "}) in logged(run)
    first, second = (received.body for received in server.received)
    assert "Answer the question." in first["messages"][0]["content"]
    assert "inputs/materials/a.csv" in first["messages"][1]["content"]
    assert "Rome,3" in second["messages"][-1]["content"]
    assert SkillExecution.objects.get(pk=run.execution_id).cost_usd == Decimal("0.30")


def test_a_rate_limit_is_waited_out_and_the_request_repeated(
    prompt_run: RunMaker, settings: Settings
) -> None:
    limited = Answer(429, {"Retry-After": "1"}, {"error": {"message": "Slow down"}})
    with provided(settings, limited, Answer(500, body={}), Answer(events=FINAL)) as server:
        run = prompt_run(model="paid")
        assert run_prompt(run) == {"answer": "Rome"}

    keys = {received.headers["idempotency-key"] for received in server.received}
    assert len(server.received) == 3
    assert keys == {f"{run.execution_id}-1-0"}
    assert [kind for kind, _ in logged(run)] == ["usage.recorded"]


def test_a_provider_that_never_recovers_is_a_model_error(prompt_run: RunMaker, settings: Settings) -> None:
    with provided(settings, Answer(503, body={"error": {"message": "down"}})) as server:
        error = failure(prompt_run(model="paid"))

    assert (error["type"], error["attempts"]) == ("model_error", 4)
    assert len(server.received) == 4


def test_a_provider_that_asks_for_more_time_than_there_is_is_not_asked_again(
    prompt_run: RunMaker, settings: Settings
) -> None:
    limited = Answer(429, {"Retry-After": "300"}, {"error": {"message": "Slow down"}})
    with provided(settings, limited) as server, pytest.raises(RunFailed) as failed:
        run_prompt(prompt_run(model="paid", seconds=60.0))

    assert (failed.value.retry_after, failed.value.may_pass) == (300, True)
    assert len(server.received) == 1


def test_what_asking_again_does_not_help_is_no_reason_for_another_attempt(
    prompt_run: RunMaker, settings: Settings
) -> None:
    refused = Answer(401, body={"error": {"message": "bad key"}})
    with provided(settings, refused), pytest.raises(RunFailed) as failed:
        run_prompt(prompt_run(model="paid"))

    assert not failed.value.may_pass


def test_a_refused_key_is_a_model_error_at_once_and_not_shown(
    prompt_run: RunMaker, settings: Settings
) -> None:
    with provided(settings, Answer(401, body={"error": {"message": f"bad {KEY}"}})) as server:
        error = failure(prompt_run(model="paid"))

    assert error["type"] == "model_error"
    assert KEY not in str(error)
    assert len(server.received) == 1


def test_an_answer_that_breaks_off_is_asked_for_again_and_paid_for(
    prompt_run: RunMaker, settings: Settings
) -> None:
    cut = Answer(events=chat_events("Half an ", finish=None, usage=None, done=False), ending="cut")
    with provided(settings, cut, Answer(events=FINAL)):
        run = prompt_run(model="paid")
        assert run_prompt(run) == {"answer": "Rome"}

    events = logged(run)
    texts = "".join(data["text"] for kind, data in events if kind == "text.appended")
    assert texts == "Half an \n[The answer broke off and is asked for again.]\n"
    assert [kind for kind, _ in events].count("usage.recorded") == 2


def test_a_spent_budget_stops_the_work_before_the_next_request(
    prompt_run: RunMaker, settings: Settings
) -> None:
    with provided(settings, Answer(events=READ)) as server:
        error = failure(prompt_run(model="paid", budget_usd=Decimal("0.2")))

    assert error["type"] == "budget_exceeded"
    assert (error["budget_usd"], Decimal(error["spent_usd"])) == ("0.2", Decimal("0.30"))
    assert len(server.received) == 2


def test_a_budget_needs_a_model_whose_price_is_known(prompt_run: RunMaker, settings: Settings) -> None:
    with provided(settings, Answer(events=FINAL), prices=None) as server:
        error = failure(prompt_run(model="paid", budget_usd=Decimal(5)))

    assert error["type"] == "not_permitted"
    assert "prices" in error["message"]
    assert server.received == []


def test_a_filtered_answer_is_a_model_error(prompt_run: RunMaker, settings: Settings) -> None:
    with provided(settings, Answer(events=chat_events("No.", finish="content_filter"))):
        assert failure(prompt_run(model="paid"))["type"] == "model_error"


def test_malformed_arguments_and_unknown_tools_are_told_to_the_model(
    prompt_run: RunMaker, settings: Settings
) -> None:
    calls = (
        ("c1", "workspace_fs_read", '{"path": '),
        ("c2", "shell", "{}"),
        ("c3", "workspace_fs_read", '{"path": 3}'),
        ("c4", "final_answer", '{"answer": ""}'),
    )
    with provided(
        settings, Answer(events=chat_events(calls=calls, finish="tool_calls")), Answer(events=FINAL)
    ) as server:
        run = prompt_run(model="paid")
        assert run_prompt(run) == {"answer": "Rome"}

    returned = [
        message["content"] for message in server.received[1].body["messages"] if message["role"] == "tool"
    ]
    assert len(returned) == 4
    assert "must be a JSON object" in returned[0]
    assert "no tool 'shell'" in returned[1]
    assert "arguments.path" in returned[2]
    assert "outputs.answer" in returned[3]
