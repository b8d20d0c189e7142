"""Keeping what a run leaves behind, also where the answer to a first try was lost."""

import io
import uuid

import pytest

from executions.actions.dispatch import start_execution
from executions.actions.leased import keep_results
from executions.models import Artifact, RunEvent
from executions.runs.lease import Lease
from executions.runs.registry import begin_run
from spaces.blobs import store_blob
from tests.factories import NOW, make_actor, make_skill

pytestmark = pytest.mark.django_db


@pytest.fixture
def lease() -> Lease:
    actor = make_actor()
    make_skill(tenant=actor.tenant)
    execution, _ = start_execution(access=actor.access, slug="echo", inputs={"text": "hi"}, now=NOW)
    lease = begin_run(kind="execution", run_id=execution.id, owner=uuid.uuid4(), now=NOW)
    assert lease is not None
    return lease


def collected(lease: Lease, content: bytes = b"1", *, kind: str | None = None) -> Artifact:
    blob = store_blob(io.BytesIO(content), now=NOW)
    return Artifact(
        execution_id=lease.run_id,
        relpath="outputs/a.txt",
        document_type=kind,
        content_type="text/plain",
        blob=blob,
        size_bytes=blob.size_bytes,
        created_at=NOW,
    )


def committed(lease: Lease) -> list[str]:
    """The artifact ids that the log tells of, in order."""
    events = RunEvent.objects.filter(run_id=lease.run_id, kind="artifact.committed").order_by("seq")
    return [event.data["artifact_id"] for event in events]


def keep(lease: Lease, artifact: Artifact) -> None:
    keep_results(lease=lease, artifacts=[artifact], archive=None, now=NOW)


def test_the_same_file_is_committed_and_told_once(lease: Lease):
    artifact = collected(lease)

    keep(lease, artifact)
    keep(lease, artifact)
    keep(lease, collected(lease))

    assert [row.id for row in Artifact.objects.filter(execution_id=lease.run_id)] == [artifact.id]
    assert committed(lease) == [str(artifact.id)]


@pytest.mark.parametrize("change", [{"content": b"2"}, {"kind": "chart"}])
def test_a_further_attempts_file_takes_the_place_of_another(lease: Lease, change):
    first, second = collected(lease), collected(lease, **change)

    keep(lease, first)
    keep(lease, second)

    assert [row.id for row in Artifact.objects.filter(execution_id=lease.run_id)] == [second.id]
    assert committed(lease) == [str(first.id), str(second.id)]
