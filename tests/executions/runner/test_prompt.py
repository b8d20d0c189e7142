"""Prompt skills run by the built-in model: what is logged, what is returned, what ends them."""

import threading
import time
from typing import Any

import pytest
from pytest_django import Settings

from executions.models import SkillExecution
from executions.runner.outcomes import RunFailed
from executions.runner.prompt import run_prompt
from executions.runs.worker.stop_signal import RunStopped
from tests.executions.runner.prompt_runs import RunMaker, logged

pytestmark = pytest.mark.django_db

READ_FIRST = {"tool": "workspace.fs.read", "arguments": {"path": "inputs/materials/{materials[0]}"}}
ANSWER = {"answer": {"answer": "{last_result.text|11}"}}


def failure(run: Any) -> dict[str, Any]:
    with pytest.raises(RunFailed) as raised:
        run_prompt(run)
    return raised.value.error


def test_a_scripted_run_reads_a_file_answers_and_leaves_its_trail(prompt_run: RunMaker) -> None:
    run = prompt_run(demo=[{"say": "Reading {materials[0]}."}, READ_FIRST, ANSWER])

    outputs = run_prompt(run)

    events = logged(run)
    assert outputs == {"answer": "city,people"}
    texts = [event for event in events if event[0] == "text.appended"]
    others = events[len(texts) :]
    assert [kind for kind, _ in others] == [
        "usage.recorded",
        "tool.called",
        "tool.returned",
        "usage.recorded",
    ]
    said = "".join(data["text"] for _, data in texts)
    assert said == "Demo model: no language model was asked.\nReading a.csv."
    assert others[1][1]["name"] == "workspace.fs.read"
    assert others[1][1]["arguments"] == {"path": "inputs/materials/a.csv"}
    assert others[2][1]["is_error"] is False
    assert "Rome" in others[2][1]["summary"]


def test_usage_and_iterations_reach_the_row(prompt_run: RunMaker) -> None:
    run = prompt_run(demo=[READ_FIRST, ANSWER])
    run_prompt(run)
    run.recorder.flush()

    row = SkillExecution.objects.get(pk=run.execution_id)
    assert row.iteration_count == 2
    assert row.input_tokens > 0
    assert row.output_tokens > 0
    assert row.cost_usd == 0


def test_without_a_script_the_fixed_plan_answers_from_the_first_file(prompt_run: RunMaker) -> None:
    run = prompt_run()

    assert "city,people" in run_prompt(run)["answer"]
    assert [data["name"] for kind, data in logged(run) if kind == "tool.called"] == [
        "workspace.fs.list",
        "workspace.fs.read",
    ]


def test_a_tool_that_the_space_does_not_permit_is_not_there(prompt_run: RunMaker) -> None:
    run = prompt_run(permitted=frozenset(), demo=[READ_FIRST, {"answer": {"answer": "{last_result.error}"}}])

    assert "there is no tool 'workspace.fs.read'" in run_prompt(run)["answer"]
    assert [data["is_error"] for kind, data in logged(run) if kind == "tool.returned"] == [True]


def test_a_written_file_can_be_read_and_committed_in_one_turn(prompt_run: RunMaker) -> None:
    calls = [
        {"tool": "workspace.fs.write", "arguments": {"path": "outputs/report.md", "text": "# Report"}},
        {"tool": "artifact.commit", "arguments": {"path": "outputs/report.md", "document_type": "report"}},
    ]
    run = prompt_run(demo=[{"tools": calls}, {"answer": {"answer": "{last_result.path}"}}])

    assert run_prompt(run) == {"answer": "outputs/report.md"}
    assert run.recorder.declared_artifacts == {"outputs/report.md": "report"}


def test_outputs_that_stay_invalid_fail_after_two_more_turns(prompt_run: RunMaker) -> None:
    run = prompt_run(demo=[{"answer": {"answer": ""}}] * 4)

    error = failure(run)

    assert error["type"] == "invalid_outputs"
    assert "outputs.answer" in error["message"]
    assert [kind for kind, _ in logged(run)].count("usage.recorded") == 3


def test_a_second_try_may_repair_the_outputs(prompt_run: RunMaker) -> None:
    run = prompt_run(demo=[{"answer": "In prose."}, {"answer": {"answer": 3}}, {"answer": {"answer": "3"}}])

    assert run_prompt(run) == {"answer": "3"}


def test_an_answer_as_json_text_counts(prompt_run: RunMaker) -> None:
    fenced = '```json\n{{"answer": "3"}\n```'
    run = prompt_run(demo=[READ_FIRST, {"answer": fenced}])

    assert run_prompt(run) == {"answer": "3"}


def test_a_model_that_goes_on_for_ever_is_ended(prompt_run: RunMaker) -> None:
    error = failure(prompt_run(demo=[{"tool": "workspace.fs.list"}] * 30))

    assert error == {"type": "skill_error", "message": "no answer after 20 model requests"}


def test_a_scripted_failure_is_a_model_error(prompt_run: RunMaker) -> None:
    error = failure(prompt_run(demo=[{"fail": "out of ideas"}]))

    assert (error["type"], "out of ideas" in error["message"]) == ("model_error", True)


def test_an_unknown_model_is_a_model_error(prompt_run: RunMaker, settings: Settings) -> None:
    settings.MODELS = {}

    assert failure(prompt_run(model="nobody"))["type"] == "model_error"


def test_cancelling_ends_a_request_in_flight(prompt_run: RunMaker) -> None:
    run = prompt_run(demo=[{"sleep": 60}, {"answer": {"answer": "late"}}])
    threading.Timer(0.3, run.stop.set, ["cancelled"]).start()
    started = time.monotonic()

    with pytest.raises(RunStopped) as raised:
        run_prompt(run)

    assert raised.value.reason == "cancelled"
    assert time.monotonic() - started < 40  # the model would sleep for 60


def test_the_deadline_ends_a_request_in_flight(prompt_run: RunMaker) -> None:
    run = prompt_run(seconds=0.5, demo=[{"sleep": 60}, {"answer": {"answer": "late"}}])
    started = time.monotonic()

    assert failure(run)["type"] == "timeout"
    assert time.monotonic() - started < 40
