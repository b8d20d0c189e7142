"""Whatever comes in a body or a header, the answer is a 4xx that says what is wrong."""

import pytest

from executions.models import SkillExecution
from objectives.ids import Prefix, spell
from spaces.models import Role
from tests.executions.api.speaking import Api, problems
from tests.factories import make_actor, make_skill

pytestmark = pytest.mark.django_db

EXECUTE = "tools/echo/execute"
NOT_BASE64 = (
    b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\n!!!\r\n--x--\r\n"
)


@pytest.fixture
def api():
    make_skill()
    return Api(make_actor(role=Role.ADMIN))


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b'\xef\xbb\xbf{"arguments": {}}',
        b'{"arguments": {"text": NaN}}',
        b'{"arguments": {"text": "x", "n": -Infinity}}',
        b'{"arguments": {"text": "x"}} trailing',
        b'{"arguments": {"text": "\x00"}}',
        b"{'arguments': {}}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"arguments": ' + b"[" * 65 + b"]" * 65 + b"}",
        b'{"n": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_acceptable_json_is_a_422(api, body):
    assert problems(api.post(EXECUTE, body)) == [(["body"], "json_invalid")]
    assert SkillExecution.objects.count() == 0


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b'"\\u0000"', "string_type"),
        (b'"\\ud800"', "string_type"),
        (b"1e999", "finite_number"),
        (b'{"deep": ["\\u0000"]}', "string_type"),
        (b'{"a\\u0000key": 1}', "string_type"),
    ],
)
def test_what_json_can_say_and_the_database_cannot_keep_is_named(api, text, kind):
    response = api.post(EXECUTE, b'{"arguments": {"text": "x", "odd": ' + text + b"}}")

    assert [found for _, found in problems(response)] == [kind]
    assert problems(response)[0][0][:3] == ["body", "arguments", "odd"]


def test_deep_but_not_too_deep_json_is_taken(api):
    body = b'{"arguments": {"text": "x", "deep": ' + b"[" * 60 + b"]" * 60 + b"}}"

    assert api.post(EXECUTE, body).status_code == 201


def test_a_body_that_is_too_large_is_a_413(api):
    response = api.post(EXECUTE, b'{"arguments": {"text": "' + b"x" * (5 << 20) + b'"}}')

    assert response.status_code == 413
    assert response.json() == {"detail": "The body is larger than 5242880 bytes."}


def test_no_body_at_all_names_the_missing_field(api):
    assert problems(api.post(EXECUTE, b"")) == [(["body", "arguments"], "missing")]


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x"])
def test_another_type_of_body_is_a_415(api, content_type):
    response = api.client.generic(
        "POST", api.url(EXECUTE), b"{}", content_type=content_type, headers=api.actor.headers
    )

    assert (response.status_code, list(response.json())) == (415, ["detail"])


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--x"),
        ("multipart/form-data; boundary=\xe9", b"--x"),
        ("multipart/form-data; boundary=x", NOT_BASE64),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"A: b\r\n" * 30_000 + b"\r\n--x--\r\n"),
    ],
)
def test_multipart_that_cannot_be_read_is_a_422_that_says_so(api, content_type, body):
    response = api.client.generic(
        "POST", "/v1/files/", body, content_type=content_type, headers=api.actor.headers
    )

    assert problems(response) == [(["body"], "multipart_invalid")]


@pytest.mark.parametrize("body", [b"[]", b"0", b'""', b"false", b'"text"'])
def test_json_that_is_no_object_is_refused_by_both_apis(api, body):
    response = api.post(EXECUTE, body)
    workspace = spell(Prefix.WORKSPACE, api.actor.space.id)
    made = api.post(f"/v1/workspaces/{workspace}/agents", body)

    assert problems(response) == [(["body"], "model_type")]
    assert response.json()["detail"][0]["msg"] == "Input should be an object"
    assert made.status_code == 400
    assert made.json() == {"code": 3, "message": "Input should be an object", "details": []}


@pytest.mark.parametrize("charset", ["utf-16", "latin-1", "utf-7", "nonsense"])
def test_json_is_utf_8_whatever_the_header_claims(api, charset):
    response = api.client.generic(
        "POST",
        api.url(EXECUTE),
        '{"arguments": {"text": "ü"}}'.encode(),
        content_type=f"application/json; charset={charset}",
        headers=api.actor.headers,
    )

    assert response.status_code == 201
    assert response.json()["data"]["inputs"] == {"text": "ü"}


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*, text/*"])
def test_another_type_of_answer_is_a_406(api, accept):
    response = api.get("tools", Accept=accept)

    assert (response.status_code, list(response.json())) == (406, ["detail"])


@pytest.mark.parametrize("accept", ["", "*/*", "application/*", "text/html, */*;q=0.1", "nonsense, */*"])
def test_json_is_what_anything_means(api, accept):
    assert api.get("tools", Accept=accept).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "tools"), ("DELETE", "skills/echo"), ("PATCH", "skills"), ("OPTIONS", "tools")],
)
def test_another_method_is_a_405(api, method, path):
    response = api.client.generic(method, api.url(path), headers=api.actor.headers)

    assert response.status_code == 405
    assert response.json() == {"detail": f'Method "{method}" not allowed.'}
    assert set(response["Allow"].split(", ")) == {"GET", "HEAD"}


def test_an_unknown_path_is_a_404_in_the_same_form(api):
    for path in ("/v1/nowhere", "/v1/", "/api-proxy/v1/nowhere", f"/v1/spaces/{api.actor.space.id}"):
        response = api.get(path)
        assert (response.status_code, response.content) == (404, b'{"detail":"Not found."}')
