"""Tools that repeat the secrets they are called with."""

import base64
import json
import logging
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from executions.redaction import Redaction
from objectives.models import CallError
from objectives.tool_results.outcome import Text
from spaces.models import Blob
from tests.factories import make_actor
from tests.objectives.tool_executors.http_calls import SECRET, calls_of, tool

pytestmark = pytest.mark.django_db
PLAIN_SECRET = "quiet-otter-7391"


@pytest.fixture(autouse=True)
def _listed(settings):
    settings.PRIVATE_TOOL_HOSTS = ["127.0.0.0/8"]


@pytest.fixture
def call():
    return calls_of(make_actor())


def test_a_secret_that_the_tool_repeats_is_not_passed_on(call):
    def echo(handler):
        return 200, {"Content-Type": "text/plain"}, f"you sent {handler.headers['X-Key']}".encode()

    def fail(handler):
        return 500, {}, f"bad key {handler.headers['X-Key']}".encode()

    for reply in (echo, fail):
        with tool(reply) as server:
            outcome, _ = call(server.url, headers={"X-Key": "{{ secrets.token }}"}, secret=reply is echo)
        assert SECRET not in repr(outcome)
        assert "[secret TOKEN]" in repr(outcome)


@pytest.mark.parametrize(
    "spell_it",
    [
        lambda value: quote(value, safe=""),
        str.upper,
        str.lower,
        json.dumps,
        lambda value: json.dumps(json.dumps(value)),
        lambda value: value.encode().hex(),
        *(
            lambda value, before=before: base64.b64encode(f"{before}:{value}!".encode()).decode()
            for before in ("u", "us", "use")
        ),
    ],
)
def test_a_secret_in_another_spelling_is_not_passed_on_either(call, spell_it):
    spelled = spell_it(SECRET)

    def echo(_):
        return 200, {"Content-Type": "text/plain"}, f"you sent {spelled} today".encode()

    with tool(echo) as server:
        outcome, _ = call(server.url, headers={"X-Key": "{{ secrets.TOKEN }}"})

    (block,) = outcome.drafts
    assert "[secret TOKEN]" in block.text
    assert spelled not in block.text
    assert block.text.startswith("you sent ")
    assert block.text.endswith(" today")


def test_secrets_that_begin_alike_leave_nothing_of_the_longer():
    redaction = Redaction({"SHORT": SecretStr("otter-12"), "LONG": SecretStr("otter-12-and-more")})

    assert redaction.of_text("a otter-12-and-more b otter-12 c") == "a [secret LONG] b [secret SHORT] c"


@pytest.mark.parametrize(
    "spelled",
    [
        r"a\/b+c&<\"'d",
        r"a/b+c\u0026\u003c\"'d",
        r"a/b\u002Bc\u0026\u003C\u0022\u0027d",
        "a/b+c&amp;&lt;&#34;&#39;d",
        "a/b+c&amp;&lt;&quot;&#039;d",
        "a%2fb%2bc%26%3c%22%27d",
        "612F622B63263C222764",
    ],
)
def test_a_secret_as_other_languages_write_it_is_taken_out(spelled):
    redaction = Redaction({"KEY": SecretStr("a/b+c&<\"'d")})

    assert redaction.of_text(f"x {spelled} y") == "x [secret KEY] y"


def test_a_short_secret_is_taken_out_as_it_stands_only():
    redaction = Redaction({"PIN": SecretStr("ab1"), "NONE": SecretStr("")})

    assert redaction.of_text("ab1 AB1 YWIx") == "[secret PIN] AB1 YWIx"
    assert not redaction.is_needed(b"\x89ab1")


@pytest.mark.parametrize("place", ["body", "type"])
def test_a_picture_that_repeats_a_secret_is_not_kept(call, place):
    def echo(_):
        content, subtype = (SECRET, "png") if place == "body" else ("x", f"x-{PLAIN_SECRET}")
        return 200, {"Content-Type": f"image/{subtype}"}, b"\x89PNG" + content.encode()

    with tool(echo) as server:
        value = SECRET if place == "body" else PLAIN_SECRET
        outcome, _ = call(server.url, headers={"X-Key": "{{ secrets.TOKEN }}"}, secret=value)

    assert outcome.error == (CallError.TOOL_ERROR, "The image contains a secret and was not stored.")
    assert not Blob.objects.exists()


def test_a_type_that_is_none_makes_no_media(call):
    with tool(lambda _: (200, {"Content-Type": f"image/x y {'z' * 300}"}, b"fine")) as server:
        outcome, _ = call(server.url)

    assert outcome.drafts == [Text("fine")]


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ arguments[secrets.TOKEN] }}", ": arguments['[secret TOKEN]'] is undefined."),
        ("{{ nothing[secrets.TOKEN] }}", ": 'nothing' is undefined."),
        ("{{ 5 | divided_by: secrets.TOKEN }}", ": divided_by: can't divide by 0"),
        ("{% if secrets.TOKEN contains 'quiet' %}{{ x }}{% endif %}", "."),
    ],
)
def test_what_is_wrong_with_a_template_is_said_without_the_secret_in_it(call, template, why):
    config = {"requestMethod": "POST", "requestBodyTemplate": template}

    outcome, _ = call("http://127.0.0.1:9", config=config, secret=PLAIN_SECRET)

    assert outcome.error == (CallError.TOOL_ERROR, f"The tool's template cannot be filled{why}")


def test_a_tool_that_leads_on_by_a_secret_leaves_it_in_no_log(call, caplog):
    caplog.set_level(logging.DEBUG)

    def lead_on(handler):
        if handler.path != "/":
            return 200, {"X-Key": SECRET}, b"fine"
        return 302, {"Location": f"/{quote(SECRET, safe='')}"}, b""

    with tool(lead_on) as server:
        outcome, _ = call(f"{server.url}/", headers={"X-Key": "{{ secrets.TOKEN }}"})

    assert outcome.drafts == [Text("fine")]
    assert len(server.seen) == 2
    assert SECRET not in caplog.text
    assert quote(SECRET, safe="") not in caplog.text


@pytest.mark.parametrize("value", ["pässwort-123", "line\nbreak", "nul\0byte", "\x7f-rubout"])
def test_a_value_that_no_header_may_hold_is_said_to_be_one(call, value):
    with tool(lambda _: (200, {}, b"")) as server:
        outcome, _ = call(server.url, headers={"X-Key": "{{ secrets.TOKEN }}"}, secret=value)

    assert outcome.error == (CallError.TOOL_ERROR, "The header 'X-Key' holds what no header may.")
    assert server.seen == []
