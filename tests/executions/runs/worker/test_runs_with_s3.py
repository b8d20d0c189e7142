"""Runs whose skill, files, artifacts and archive are in an S3 bucket."""

import io
import secrets
import tarfile
from collections.abc import Iterator

import pytest
from django.utils import timezone
from pytest_django import Settings

from executions.models import Artifact
from spaces.access import Caller
from spaces.blobs import open_blob
from spaces.uploads import upload_file
from tests.executions.runs.worker.attempts import run, start
from tests.factories import Actor, make_actor
from tests.spaces.s3 import CREDENTIALS, bucket_storage, make_bucket, s3_server

pytestmark = pytest.mark.django_db(transaction=True)

COPY = """from callboard_skill import *
with open("inputs/materials/a.csv") as source, open("outputs/b.csv", "w") as target:
    target.write(source.read() * 2)
artifact("outputs/b.csv", document_type="table")
output(ok=1)
"""


@pytest.fixture
def endpoint(settings: Settings, monkeypatch) -> Iterator[str]:
    """The address of a server, and from here on the blobs in a bucket of it."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with s3_server() as address:
        bucket = make_bucket(address, f"blobs-{secrets.token_hex(4)}")
        settings.STORAGES = {**settings.STORAGES, "blobs": bucket_storage(address, bucket)}
        yield address


def upload(actor: Actor) -> None:
    upload_file(caller=Caller(actor.principal), name="a.csv", content=io.BytesIO(b"x\n"), now=timezone.now())


def test_a_run_takes_its_skill_and_files_from_the_bucket_and_leaves_its_results_there(endpoint, bench):
    actor = make_actor()
    upload(actor)

    done = run(start(COPY, actor=actor, files=("a.csv",)), bench)

    artifact = Artifact.objects.get(execution=done)
    assert (done.state, done.error) == ("succeeded", None)
    with open_blob(artifact.blob_id) as stored:
        assert stored.read() == b"x\nx\n"
    with open_blob(done.archive_blob_id) as stored, tarfile.open(fileobj=stored) as archive:
        assert "outputs/b.csv" in archive.getnames()


def test_a_run_without_its_bucket_says_so(endpoint, bench, settings):
    execution = start(COPY)
    settings.STORAGES = {**settings.STORAGES, "blobs": bucket_storage(endpoint, "nowhere")}

    done = run(execution, bench)

    assert (done.state, done.failure_reason) == ("failed", "sandbox_error")
    assert done.error["message"] == "The worker could not unpack the skill: there is no S3 bucket 'nowhere'."
