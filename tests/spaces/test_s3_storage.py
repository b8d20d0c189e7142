"""Blobs in S3: uploads, artifacts, archives and links, and what a bucket does wrong is said."""

import io
import re
import secrets
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from config.checks import check_reachable
from executions.models import Artifact
from spaces.blobs import blob_name, open_blob, storage, store_blob
from spaces.file_storage import StorageUnavailable
from spaces.retention import UNTOUCHED_FOR, delete_unreferenced_blobs
from tests.config.test_checks import SOUND, check
from tests.executions.api.speaking import PNG, Api, body_of, keep, make_execution, run
from tests.factories import NOW, make_actor, make_skill
from tests.spaces.s3 import CREDENTIALS, bucket_storage, client, make_bucket, s3_server, variables

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture
def bucket(endpoint, settings: Settings, monkeypatch) -> str:
    """The name of an empty bucket in which the blobs are."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    name = make_bucket(endpoint, f"blobs-{secrets.token_hex(4)}")
    settings.STORAGES = {**settings.STORAGES, "blobs": bucket_storage(endpoint, name)}
    return name


@pytest.fixture
def lost(bucket, endpoint, settings: Settings) -> None:
    """From here on the blobs are in a bucket that does not exist."""
    settings.STORAGES = {**settings.STORAGES, "blobs": bucket_storage(endpoint, "nowhere")}


@pytest.fixture
def pointed_at(settings: Settings, monkeypatch) -> Callable[[str, dict[str, str]], None]:
    """Puts the blobs into a bucket at this address, with these credentials and no others."""

    def point(address: str, credentials: dict[str, str]) -> None:
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name in CREDENTIALS:
            monkeypatch.setenv(name, credentials.get(name, ""))
        settings.STORAGES = {**settings.STORAGES, "blobs": bucket_storage(address, "blobs")}

    return point


@pytest.fixture
def linking(bucket, endpoint, settings: Settings) -> None:
    """The bucket hands its bytes out itself."""
    settings.STORAGES = {**settings.STORAGES, "blobs": bucket_storage(endpoint, bucket, signed_links=True)}


@pytest.fixture
def api():
    make_skill()
    return Api(make_actor())


def keys_in(endpoint, bucket) -> list[str]:
    return [found["Key"] for found in client(endpoint).list_objects_v2(Bucket=bucket).get("Contents", [])]


def upload(api, content: bytes):
    files = {"files": [SimpleUploadedFile("a.csv", content)]}
    return api.client.post("/v1/files/", files, headers=api.actor.headers)


def test_an_upload_lies_under_its_digest_once(bucket, endpoint):
    api = Api(make_actor())

    first, second = (upload(api, b"x,y\n1,2\n") for _ in range(2))

    digest = first.json()["data"][0]["sha256"]
    assert (first.status_code, second.status_code) == (201, 201)
    assert keys_in(endpoint, bucket) == [f"{digest[:2]}/{digest[2:4]}/{digest}"]
    with open_blob(digest) as stored:
        assert stored.read() == b"x,y\n1,2\n"


def test_more_than_one_part_comes_back_whole_and_from_anywhere(bucket):
    content = secrets.token_bytes(9 << 20)  # past 8 MiB boto sends several parts
    blob = store_blob(io.BytesIO(content), now=NOW)

    with open_blob(blob.pk) as stored:
        assert stored.read(10) == content[:10]
        assert stored.seek(5 << 20) == 5 << 20
        assert stored.read(100) == content[5 << 20 :][:100]
        stored.seek(0)
        assert stored.read() == content
        assert stored.read(1) == b""


def test_artifacts_and_archives_are_read_through_callboard(bucket, api):
    artifact = keep(run(make_execution(api.actor)))
    path = f"artifacts/{artifact.id}/download"

    whole, part = api.get(path), api.get(path, Range="bytes=4-7")
    archive = api.get(f"skills/executions/{artifact.execution_id}/archive")
    shown = api.get(f"skills/executions/{artifact.execution_id}").json()["data"]["artifacts"][0]
    link = urlsplit(shown["download_url"])

    assert (whole.status_code, body_of(whole)) == (200, PNG)
    assert (part.status_code, body_of(part)) == (206, PNG[4:8])
    assert body_of(archive) == b"the workspace, packed"
    assert link.netloc == "testserver"
    assert body_of(Client().get(f"{link.path}?{link.query}")) == PNG


def test_bytes_that_the_bucket_lost_are_a_404(bucket, api):
    artifact = keep(run(make_execution(api.actor)))
    storage().delete(blob_name(artifact.blob_id))

    assert api.get(f"artifacts/{artifact.id}/download").status_code == 404


def test_a_signed_link_says_name_type_and_five_minutes(bucket, linking, api):
    artifact = keep(run(make_execution(api.actor)), relpath="a/ü.html", content_type="text/html")

    answer = api.get(f"artifacts/{artifact.id}/download")

    link = urlsplit(answer["Location"])
    said = {name: values[0] for name, values in parse_qs(link.query).items()}
    assert (answer.status_code, answer["Cache-Control"]) == (302, "no-store")
    assert link.path == f"/{bucket}/{blob_name(artifact.blob_id)}"
    assert said["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert said["X-Amz-Expires"] == "300"
    assert said["response-content-type"] == "text/html"
    assert said["response-content-disposition"] == "attachment; filename*=utf-8''%C3%BC.html"
    with urlopen(answer["Location"], timeout=60) as response:
        assert response.read() == PNG
        assert response.headers["Content-Type"] == "text/html"
        assert response.headers["Content-Disposition"] == said["response-content-disposition"]


def test_a_signed_link_shows_pictures_and_is_not_for_strangers(bucket, linking, api):
    artifact = keep(run(make_execution(api.actor)))
    path = f"artifacts/{artifact.id}/download"

    shown, unchanged = api.get(path), api.get(path, If_None_Match=f'"{artifact.blob_id}"')
    stranger = Api(make_actor()).client.get(api.url(path), headers=make_actor().headers)
    head = api.client.head(api.url(path), headers=api.actor.headers)

    said = parse_qs(urlsplit(shown["Location"]).query)
    assert said["response-content-disposition"] == ['inline; filename="chart.png"']
    assert (unchanged.status_code, stranger.status_code) == (304, 404)
    assert (head.status_code, head["Content-Length"]) == (200, str(len(PNG)))


def test_prune_deletes_from_the_bucket(bucket, endpoint):
    old = store_blob(io.BytesIO(b"nobody's"), now=timezone.now() - UNTOUCHED_FOR * 2)
    kept = store_blob(io.BytesIO(b"new"), now=timezone.now())

    assert sum(delete_unreferenced_blobs(timezone.now())) == 1

    assert keys_in(endpoint, bucket) == [blob_name(kept.pk)]
    assert old.pk != kept.pk


def test_a_missing_bucket_is_a_503_that_names_nothing(bucket, api, lost):
    kept = upload(api, b"x")

    assert (kept.status_code, kept["Retry-After"]) == (503, "5")
    assert kept.json() == {"detail": "File storage is unavailable. Try again later."}


def test_a_missing_bucket_is_no_missing_file(bucket, api, endpoint, settings):
    artifact = keep(run(make_execution(api.actor)))
    settings.STORAGES = {**settings.STORAGES, "blobs": bucket_storage(endpoint, "nowhere")}

    assert api.get(f"artifacts/{artifact.id}/download").status_code == 503
    assert Artifact.objects.filter(pk=artifact.pk).exists()
    with pytest.raises(StorageUnavailable, match="there is no S3 bucket 'nowhere'"), open_blob("a" * 64):
        pass


@pytest.mark.parametrize(
    ("address", "credentials", "sentence"),
    [
        ("http://127.0.0.1:1", CREDENTIALS, "the S3 bucket 'blobs' fails: "),
        ("127.0.0.1:1", CREDENTIALS, "Invalid endpoint: 127.0.0.1:1"),
        ("http://127.0.0.1:1", {"AWS_SECRET_ACCESS_KEY": "x"}, "one is set, one not"),
        ("http://127.0.0.1:1", {}, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
    ],
    ids=["no server", "no address", "half", "no credentials"],
)
def test_what_is_wrong_is_a_sentence_of_the_deployment_check(pointed_at, *, address, credentials, sentence):
    pointed_at(address, credentials)

    problem = check_reachable()[0]

    assert problem.id == "callboard.E022"
    assert problem.msg.startswith("S3_BUCKET cannot be used: ")
    assert sentence in problem.msg
    with pytest.raises(StorageUnavailable, match=re.escape(sentence)):
        store_blob(io.BytesIO(b"x"), now=NOW)


@pytest.mark.parametrize("is_there", [True, False])
def test_the_deployment_check_asks_for_the_bucket_that_the_environment_names(
    bucket, endpoint, settings, is_there
):
    named = variables(endpoint, bucket if is_there else "nowhere", DATABASE_URL=settings.DATABASE_URL)

    status, said = check("--deploy", **SOUND, **named)

    refused = "S3_BUCKET cannot be used: there is no S3 bucket 'nowhere'."
    assert (status, refused in said, "Traceback" in said) == (0 if is_there else 1, not is_there, False)
