"""One attempt of a script skill ends in the state that tells the truth about it."""

import errno
import io
import tarfile
from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django import Settings

from executions.models import Artifact, RunHead, SkillExecution
from executions.runner.outcomes import RunFailed
from executions.runner.staging import disk_failures_told
from executions.runs.worker.context import Bench
from spaces.access import Caller
from spaces.blobs import blob_name, open_blob, storage
from spaces.uploads import upload_file
from tests.executions.inference.provider_server import Answer
from tests.executions.runner.prompt_runs import import_manifest, make_manifest
from tests.executions.runs.worker.attempts import data_of, kinds, run, start, start_again
from tests.factories import make_actor, make_space
from tests.objectives.agent_loop.test_providers import provided

pytestmark = pytest.mark.django_db(transaction=True)

HEAD = "from callboard_skill import *\nimport callboard_skill as skill\n"
# Speaks by hand: `say` sends a line that the module would not let pass.
BY_HAND = """
import socket
connection = socket.socket(socket.AF_UNIX)
connection.connect("/run/callboard/socket")
def say(line): connection.sendall(line.encode() + b"\\n")
def artifact_line(path): say('{"type": "artifact", "path": "%s"}' % path)
"""


def test_a_script_runs_to_its_outputs_with_progress_text_and_usage(bench: Bench):
    script = f"""{HEAD}
progress(0.5, "half way")
print("hello", "there")
usage(input_tokens=3, output_tokens=4, cost_usd="0.25", model="m")
iteration()
output(text=skill.inputs["text"])
"""

    ended = run(start(script), bench)

    assert (ended.state, ended.outputs, ended.attempt) == ("succeeded", {"text": "hi"}, 1)
    assert (ended.input_tokens, ended.output_tokens, ended.cost_usd) == (3, 4, Decimal("0.25"))
    assert ended.iteration_count == 1
    assert set(kinds(ended)) == {
        "execution.queued",
        "execution.started",
        "execution.progressed",
        "text.appended",
        "usage.recorded",
        "execution.succeeded",
    }
    assert data_of(ended, "text.appended") == [{"text": "hello there\n"}]
    assert data_of(ended, "execution.progressed") == [{"fraction": 0.5, "message": "half way"}]


def test_the_newest_staged_files_are_there_and_missing_ones_are_named(bench: Bench):
    actor = make_actor()
    for content in (b"old", b"new"):
        upload_file(
            caller=Caller(actor.principal), name="a.csv", content=io.BytesIO(content), now=timezone.now()
        )
    script = f"{HEAD}output(names=[p.name for p in materials()], content=materials()[0].read_text())"

    ended = run(start(script, actor=actor, files=("a.csv", "none.csv", "a.csv")), bench)

    assert ended.outputs == {"names": ["a.csv"], "content": "new"}
    said = "Not in the collection, and so not staged: “none.csv”."
    assert data_of(ended, "execution.progressed") == [{"fraction": None, "message": said}]


def test_a_further_attempt_gets_the_files_of_the_first(bench: Bench):
    actor = make_actor()

    def upload(content: bytes) -> None:
        file = io.BytesIO(content)
        upload_file(caller=Caller(actor.principal), name="a.csv", content=file, now=timezone.now())

    upload(b"first")
    script = f"{HEAD}output(content=materials()[0].read_text())"
    bench.folder.write_text("where a folder should be, so that the first attempt fails")
    execution = start(script, actor=actor, files=("a.csv",), max_attempts=2)
    waiting = run(execution, bench)
    bench.folder.unlink()
    upload(b"second")
    RunHead.objects.filter(pk=execution.id).update(available_at=timezone.now())

    ended = run(execution, bench)

    assert (waiting.state, ended.attempt) == ("queued", 2)
    assert ended.outputs == {"content": "first"}


@pytest.mark.parametrize(("patience", "becomes"), [(2000, "queued"), (500, "failed")])
def test_another_attempt_waits_as_long_as_the_provider_asked_for(
    bench: Bench, settings: Settings, patience: int, becomes: str
):
    actor = make_actor(space=make_space(provider_patience_seconds=patience))
    manifest = make_manifest(max_attempts=2)
    import_manifest(manifest)
    limited = Answer(429, {"Retry-After": "1000"}, {"error": {"message": "Slow down"}})
    with provided(settings, limited) as server:
        ended = run(start_again(actor, manifest.slug), bench)

    assert ended.state == becomes
    assert len(server.received) == 1
    if becomes == "queued":
        available_at = RunHead.objects.get(pk=ended.id).available_at
        assert (available_at - timezone.now()).total_seconds() > 990


def test_artifacts_and_the_archive_are_kept_by_digest(bench: Bench):
    script = f"""{HEAD}
from pathlib import Path
Path("outputs/chart.txt").write_text("drawn")
artifact("outputs/chart.txt", "chart")
"""

    ended = run(start(script), bench)

    artifact = Artifact.objects.get(execution=ended)
    assert (ended.state, ended.outputs) == ("succeeded", {})
    assert (artifact.relpath, artifact.document_type, artifact.content_type, artifact.size_bytes) == (
        "outputs/chart.txt",
        "chart",
        "text/plain",
        5,
    )
    with open_blob(artifact.blob_id) as stored:
        assert stored.read() == b"drawn"
    assert ended.archive_blob_id is not None
    with open_blob(ended.archive_blob_id) as packed, tarfile.open(fileobj=packed, mode="r|gz") as archive:
        assert "outputs/chart.txt" in archive.getnames()


@pytest.mark.parametrize(
    ("script", "reason", "told"),
    [
        ("fail('no such column', column='x')", "skill_error", "no such column"),
        ("import sys; print('why', file=sys.stderr); sys.exit(3)", "skill_error", "status 3"),
        ("artifact_line('outputs/none.png')", "artifact_rejected", "outputs/none.png"),
        ("import os; os.symlink('/etc/passwd', 'a'); artifact_line('a')", "artifact_rejected", "a"),
        ("artifact_line('../../etc/passwd')", "artifact_rejected", "etc/passwd"),
        ('say(\'{"type": "usage", "input_tokens": -1}\')', "skill_error", "input_tokens"),
        ("call_skill('csv-profile')", "not_permitted", "csv-profile"),
        ("while True: pass", "timeout", "1 s"),
        ("print('x' * 3_000_000)", "output_limit", "2 MiB"),
        ("output(text=chr(0))", "invalid_outputs", "outputs"),
        ("output(text=7)", "invalid_outputs", "outputs"),
    ],
)
def test_what_goes_wrong_is_named(bench: Bench, script: str, reason: str, told: str):
    outputs = "{type: object, properties: {text: {type: string}}}"
    wall_seconds = 1 if reason == "timeout" else 30

    ended = run(
        start(
            HEAD + BY_HAND + script, limits=f"{{wall_seconds: {wall_seconds}, output_mb: 2}}", outputs=outputs
        ),
        bench,
    )

    assert (ended.state, ended.failure_reason) == ("failed", reason)
    assert ended.error is not None
    assert ended.error["type"] == reason
    assert told in str(ended.error)
    assert kinds(ended)[-1] == "execution.failed"


def test_a_space_that_does_not_permit_artifacts_gets_none(bench: Bench):
    actor = make_actor(space=make_space(permitted_tools=[]))
    script = f"{HEAD}open('a', 'w').close()\nartifact('a')"

    ended = run(start(script, actor=actor), bench)

    assert ended.failure_reason == "not_permitted"
    assert not Artifact.objects.filter(execution=ended).exists()


def test_a_run_that_costs_more_than_its_budget_is_stopped_and_the_cost_is_kept(bench: Bench):
    actor = make_actor(space=make_space(run_budget_usd=Decimal("0.10")))
    script = f"{HEAD}\nimport time\nusage(cost_usd='0.11')\ntime.sleep(30)"

    ended = run(start(script, actor=actor), bench)

    assert ended.failure_reason == "budget_exceeded"
    assert ended.cost_usd == Decimal("0.11")


def test_a_failed_run_keeps_the_artifacts_it_had(bench: Bench):
    script = f"{HEAD}print('so far', file=open('log.txt', 'w'))\nartifact('log.txt')\nfail('it broke')"

    ended = run(start(script), bench)

    assert ended.failure_reason == "skill_error"
    assert [artifact.relpath for artifact in Artifact.objects.filter(execution=ended)] == ["log.txt"]
    assert ended.archive_blob_id is not None


def test_text_that_the_database_cannot_keep_is_replaced(bench: Bench):
    script = f'{HEAD}{BY_HAND}say(\'{{"type": "text", "text": "a\\\\u0000b"}}\')\ntext(\'ü\' * 70000)'

    ended = run(start(script), bench)

    assert ended.state == "succeeded"
    assert "".join(data["text"] for data in data_of(ended, "text.appended")) == "a\ufffdb" + "ü" * 70000


def test_a_bundle_that_was_changed_in_the_storage_is_not_run(bench: Bench):
    execution = start(f"{HEAD}output(text='run all the same')")
    name = blob_name(execution.skill_version.bundle_id)
    with storage().open(name) as stored:
        packed = stored.read()
    storage().delete(name)
    storage().save(name, io.BytesIO(packed.replace(b"all the same", b"by a thief!!")))

    ended = run(execution, bench)

    assert (ended.state, ended.failure_reason) == ("failed", "bundle_integrity")


def test_a_file_whose_name_is_no_text_is_archived_and_fails_nothing(bench: Bench):
    ended = run(start(f"{HEAD}open(b'two\\nlines\\xff', 'w').close()\noutput(ok=1)"), bench)

    assert (ended.state, ended.error) == ("succeeded", None)
    with open_blob(ended.archive_blob_id) as packed, tarfile.open(fileobj=packed, mode="r|gz") as archive:
        assert "two\nlines\udcff" in archive.getnames()


def test_nothing_is_left_on_the_disk(bench: Bench):
    run(start(f"{HEAD}import os\nos.mkdir('closed')\nos.chmod('closed', 0)"), bench)

    assert list(bench.folder.iterdir()) == []


def test_usage_of_former_attempts_counts_against_the_budget(bench: Bench):
    actor = make_actor(space=make_space(run_budget_usd=Decimal("0.10")))
    execution = start(f"{HEAD}usage(cost_usd='0.06')", actor=actor)
    SkillExecution.objects.filter(pk=execution.id).update(cost_usd=Decimal("0.06"))

    ended = run(execution, bench)

    assert ended.failure_reason == "budget_exceeded"


def test_a_worker_that_fails_hands_the_run_back_until_its_attempts_are_used_up(bench: Bench):
    bench.folder.write_text("where a folder should be")
    execution = start(f"{HEAD}output(ok=1)", max_attempts=2)

    first = run(execution, bench)
    RunHead.objects.filter(pk=execution.id).update(available_at=timezone.now())
    second = run(execution, bench)

    assert (first.state, data_of(first, "execution.retried")[0]["reason"]) == ("queued", "sandbox_error")
    assert (second.state, second.failure_reason, second.attempt) == ("failed", "sandbox_error", 2)
    assert "could not make a folder" in second.error["message"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_as_the_workers_failure(number: int):
    with pytest.raises(RunFailed) as failed, disk_failures_told("archive the workspace"):
        raise OSError(number, "No space left on device")

    assert failed.value.reason == "sandbox_error"
    assert str(failed.value) == "The worker could not archive the workspace: its disk is full."
