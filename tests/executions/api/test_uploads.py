"""Uploading files, and tickets: what belongs to a caller, not to a space."""

import hashlib
from datetime import datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from spaces import uploads
from spaces.api import upload_limits
from spaces.models import UploadedFile
from spaces.tickets import redeem_ticket
from tests.executions.api.speaking import Api, problems
from tests.factories import make_actor, make_operator

pytestmark = pytest.mark.django_db


def upload(api, *files: tuple[str, bytes]):
    parts = {"files": [SimpleUploadedFile(name, content) for name, content in files]}
    return api.client.post("/v1/files/", parts, headers=api.actor.headers)


def test_files_go_into_the_callers_collection():
    api = Api(make_actor())

    response = upload(api, ("a.csv", b"x,y"), ("ü b.txt", b""))

    assert response.status_code == 201
    first, second = response.json()["data"]
    assert list(first) == ["id", "name", "size_bytes", "sha256"]
    assert (first["name"], first["size_bytes"]) == ("a.csv", 3)
    assert first["sha256"] == hashlib.sha256(b"x,y").hexdigest()
    assert (second["name"], second["size_bytes"]) == ("ü b.txt", 0)
    kept = UploadedFile.objects.filter(principal=api.actor.principal)
    assert sorted(kept.values_list("name", flat=True)) == ["a.csv", "ü b.txt"]


def test_a_path_is_cut_down_to_its_name():
    response = upload(Api(make_actor()), ("../../etc/passwd", b"x"))

    assert response.json()["data"][0]["name"] == "passwd"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Screenshot 2026-11-30 at 9.41.00\u202fAM.png", "Screenshot 2026-11-30 at 9.41.00\u202fAM.png"),
        ("say %22hi%22.txt", 'say "hi".txt'),
        ("Q3's &amp; Q4's\u00a0plan\u3000.csv", "Q3's &amp; Q4's\u00a0plan\u3000.csv"),
        ("family \U0001f468\u200d\U0001f469.txt", "family \U0001f468\u200d\U0001f469.txt"),
    ],
)
def test_a_name_comes_and_goes_unchanged(sent: str, kept: str):
    api = Api(make_actor())
    body = (
        f'--b\r\nContent-Disposition: form-data; name="files"; filename="{sent}"\r\n'
        "Content-Type: text/plain\r\n\r\nx\r\n--b--\r\n"
    )

    response = api.client.post(
        "/v1/files/", body.encode(), "multipart/form-data; boundary=b", headers=api.actor.headers
    )

    assert response.json()["data"][0]["name"] == kept
    assert UploadedFile.objects.get(principal=api.actor.principal).name == kept


def test_without_files_the_field_is_named():
    api = Api(make_actor())

    response = api.client.post(
        "/v1/files/", {"file": SimpleUploadedFile("a", b"x")}, headers=api.actor.headers
    )

    assert problems(response) == [(["body", "files"], "missing")]


def test_one_name_that_cannot_be_kept_keeps_none():
    response = upload(Api(make_actor()), ("good.txt", b"x"), ("ü" * 200, b"x"))

    assert problems(response) == [(["body", "files"], "value_error")]
    assert UploadedFile.objects.count() == 0


def test_a_file_past_the_limit_is_a_413(monkeypatch):
    monkeypatch.setattr(upload_limits, "FILE_LIMIT", 200_000)

    response = upload(Api(make_actor()), ("small", b"x"), ("big", b"x" * 200_001))

    assert (response.status_code, list(response.json())) == (413, ["detail"])
    assert UploadedFile.objects.count() == 0


def test_the_limit_of_a_file_is_a_hundred_mebibytes():
    assert uploads.FILE_LIMIT == 100 * 1024 * 1024


def test_a_request_that_says_it_is_too_long_is_not_read():
    api = Api(make_actor())

    response = api.client.generic(
        "POST",
        "/v1/files/",
        b"--x--",
        content_type="multipart/form-data; boundary=x",
        headers=api.actor.headers,
        CONTENT_LENGTH=str(2 << 30),
    )

    assert response.status_code == 413


def test_more_files_than_a_request_may_have_are_a_413():
    response = upload(Api(make_actor()), *[(f"f{n}", b"x") for n in range(101)])

    assert (response.status_code, list(response.json())) == (413, ["detail"])


@pytest.mark.parametrize("body", [b"", b"--x", b"nonsense", b"--x\r\nContent-Disposition: form-data\r\n\r\n"])
def test_a_broken_form_is_a_422(body):
    api = Api(make_actor())

    response = api.client.generic(
        "POST",
        "/v1/files/",
        body,
        content_type="multipart/form-data; boundary=x",
        headers=api.actor.headers,
    )

    assert response.status_code == 422


def test_another_type_of_body_is_a_415():
    assert Api(make_actor()).post("/v1/files/", {}).status_code == 415


def test_a_key_needs_the_permission():
    assert upload(Api(make_actor(permissions=("executions:manage",))), ("a", b"x")).status_code == 403


def test_an_operator_has_no_collection():
    client = Client()
    client.force_login(make_operator())

    response = client.post("/v1/files/", {"files": SimpleUploadedFile("a", b"x")})

    assert problems(response) == [(["body", "files"], "value_error")]


def test_a_ticket_stands_for_its_caller_for_a_minute():
    api = Api(make_actor())
    before = timezone.now()

    response = api.post("/v1/tickets")

    assert response.status_code == 201
    ticket = response.json()["data"]
    assert list(ticket) == ["ticket", "expires_at"]
    lifetime = datetime.fromisoformat(ticket["expires_at"]) - before
    assert timedelta(seconds=59) < lifetime < timedelta(seconds=65)
    assert redeem_ticket(ticket["ticket"], now=timezone.now()).principal_id == api.actor.principal.id
