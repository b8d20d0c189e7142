"""Artifacts and archives: by key or by a link that lives for 15 minutes, whole or in part."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core import signing
from django.test import Client

from executions.models import Artifact
from spaces.blobs import blob_name, storage
from spaces.signing import LIFETIME
from tests.executions.api.speaking import PNG, Api, body_of, keep, make_execution, problems, run
from tests.factories import make_actor, make_skill, unknown_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    make_skill()
    return Api(make_actor())


@pytest.fixture
def artifact(api):
    return keep(run(make_execution(api.actor)))


def link_to(api, artifact):
    shown = api.get(f"skills/executions/{artifact.execution_id}").json()["data"]["artifacts"][0]
    parts = urlsplit(shown["download_url"])
    return f"{parts.path}?{parts.query}"


def test_a_link_needs_no_key(api, artifact):
    response = Client().get(link_to(api, artifact))

    assert (response.status_code, body_of(response)) == (200, PNG)


@pytest.mark.parametrize("accept", ["image/png", "image/*", "*/*", ""])
def test_an_artifact_comes_in_its_own_type(api, artifact, accept):
    responses = [
        api.get(f"artifacts/{artifact.id}/download", Accept=accept),
        Client().get(link_to(api, artifact), headers={"Accept": accept}),
    ]

    assert [body_of(response) for response in responses] == [PNG, PNG]


def test_a_key_needs_no_link(api, artifact):
    response = api.get(f"artifacts/{artifact.id}/download")

    assert (response.status_code, body_of(response)) == (200, PNG)


def test_the_answer_is_harmless_to_a_browser(api, artifact):
    response = api.get(f"artifacts/{artifact.id}/download")

    assert body_of(response) == PNG
    assert response["Content-Type"] == "image/png"
    assert response["Content-Disposition"] == 'inline; filename="chart.png"'
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["ETag"] == f'"{artifact.blob_id}"'
    assert response["Content-Length"] == str(len(PNG))


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "application/pdf", "text/plain"])
def test_what_could_carry_a_script_is_an_attachment(api, content_type):
    artifact = keep(run(make_execution(api.actor)), relpath="a/ü.html", content_type=content_type)

    response = api.get(f"artifacts/{artifact.id}/download")

    assert body_of(response) == PNG
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''%C3%BC.html"


@pytest.mark.parametrize(
    "spoil", [lambda link: link + "x", lambda link: link[:-4], lambda link: link.split("=")[0] + "="]
)
def test_an_altered_link_is_a_401_whether_there_is_an_artifact_or_not(api, artifact, spoil):
    link = spoil(link_to(api, artifact))
    nowhere = re.sub(r"artifacts/[^/]+", f"artifacts/{unknown_id()}", link)

    answers = [Client().get(path) for path in (link, nowhere)]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].content == answers[1].content
    assert answers[0]["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_link_counts_for_one_artifact(api, artifact):
    other = Artifact.objects.create(
        execution_id=artifact.execution_id,
        relpath="other.png",
        content_type="image/png",
        blob=artifact.blob,
        size_bytes=1,
        created_at=artifact.created_at,
    )

    link = link_to(api, artifact).replace(str(artifact.id), str(other.id))

    assert Client().get(link).status_code == 401


def test_a_link_is_over_after_fifteen_minutes(api, artifact, monkeypatch):
    link = link_to(api, artifact)
    clock = signing.time.time
    assert timedelta(minutes=15) == LIFETIME

    monkeypatch.setattr(signing.time, "time", lambda: clock() + LIFETIME.total_seconds() - 5)
    before = Client().get(link)
    monkeypatch.setattr(signing.time, "time", lambda: clock() + LIFETIME.total_seconds() + 5)
    after = Client().get(link)

    assert body_of(before) == PNG
    assert (before.status_code, after.status_code) == (200, 401)


def test_a_link_of_another_space_is_a_404(api, artifact):
    link = link_to(api, artifact).replace(str(api.actor.space.id), str(unknown_id()))

    assert Client().get(link).status_code == 404


def test_a_malformed_space_is_named_with_a_link_too(api, artifact):
    link = link_to(api, artifact).replace(str(api.actor.space.id), "nonsense")

    assert problems(Client().get(link)) == [(["path", "space_id"], "uuid_parsing")]


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        *(("0-3", (0, 3)), ("4-", (4, 47)), ("-5", (43, 47)), ("47-99", (47, 47))),
        *(("0-", (0, 47)), ("0-999999", (0, 47)), ("-999999", (0, 47))),
    ],
)
def test_a_range_is_a_part(api, artifact, wanted, part):
    start, last = part

    response = api.get(f"artifacts/{artifact.id}/download", Range=f"bytes={wanted}")

    assert (response.status_code, body_of(response)) == (206, PNG[start : last + 1])
    assert response["Content-Range"] == f"bytes {start}-{last}/48"
    assert response["Content-Length"] == str(last + 1 - start)


@pytest.mark.parametrize("wanted", ["bytes=0-1,3-4", "lines=0-1", "bytes=-", "nonsense"])
def test_a_range_that_is_not_understood_is_everything(api, artifact, wanted):
    response = api.get(f"artifacts/{artifact.id}/download", Range=wanted)

    assert (response.status_code, body_of(response)) == (200, PNG)
    assert "Content-Range" not in response.headers


@pytest.mark.parametrize("wanted", ["bytes=48-", "bytes=500-600", "bytes=-0", "bytes=3-2"])
def test_a_range_without_bytes_is_a_416(api, artifact, wanted):
    response = api.get(f"artifacts/{artifact.id}/download", Range=wanted)

    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{len(PNG)}"


def test_a_range_of_an_older_version_is_everything(api, artifact):
    response = api.get(f"artifacts/{artifact.id}/download", Range="bytes=0-3", If_Range='"other"')

    assert (response.status_code, body_of(response)) == (200, PNG)


def test_what_has_not_changed_is_a_304(api, artifact):
    response = api.get(f"artifacts/{artifact.id}/download", If_None_Match=f'"{artifact.blob_id}"')

    assert (response.status_code, response.content) == (304, b"")


def test_the_archive_is_the_workspace(api, artifact):
    response = api.get(f"skills/executions/{artifact.execution_id}/archive")

    assert (response.status_code, body_of(response)) == (200, b"the workspace, packed")
    assert response["Content-Type"] == "application/gzip"
    name = f"echo-{artifact.execution_id}.tar.gz"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'


def test_there_is_no_archive_before_the_end(api):
    execution = make_execution(api.actor)

    assert api.get(f"skills/executions/{execution.id}/archive").status_code == 404


def test_bytes_that_the_storage_lost_are_a_404(api):
    artifact = keep(run(make_execution(api.actor)), content=b"only here, and soon gone")
    storage().delete(blob_name(artifact.blob_id))

    assert api.get(f"artifacts/{artifact.id}/download").status_code == 404


def test_an_empty_artifact_is_empty(api):
    artifact = keep(run(make_execution(api.actor)), content=b"")

    response = api.get(f"artifacts/{artifact.id}/download")

    assert (response.status_code, body_of(response)) == (200, b"")


def test_artifacts_are_listed_in_pages(api):
    lease = run(make_execution(api.actor))
    made = [str(keep(lease, relpath=f"{n}.png").id) for n in range(3)]

    first = api.get(f"skills/executions/{lease.run_id}/artifacts?limit=2").json()
    cursor = first["meta"]["next_cursor"]
    second = api.get(f"skills/executions/{lease.run_id}/artifacts?limit=2&cursor={cursor}").json()

    assert [item["artifact_id"] for item in first["data"] + second["data"]] == made
    assert second["meta"] == {"next_cursor": None, "has_more": False}
    assert list(first["data"][0]) == [
        "artifact_id",
        "relpath_in_workspace",
        "document_type",
        "download_url",
        "size_bytes",
    ]


@pytest.mark.parametrize("row_id", [str(unknown_id()), "nonsense", "a\x00b"])
def test_unknown_artifacts_and_executions_are_404s(api, row_id):
    for path in (
        f"artifacts/{row_id}/download",
        f"skills/executions/{row_id}",
        f"skills/executions/{row_id}/artifacts",
        f"skills/executions/{row_id}/archive",
    ):
        response = api.get(path)
        assert (response.status_code, response.json()) == (404, {"detail": "Not found."})
