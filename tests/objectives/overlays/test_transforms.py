"""What overlays make of results."""

import json
import time

import pytest
from pydantic import SecretStr

from executions.redaction import Redaction
from objectives.ids import Json
from objectives.liquid import sandbox
from objectives.models import CallError
from objectives.overlays import transforms
from objectives.overlays.transforms import CannotTransform, transformed
from objectives.tool_results.outcome import Media, Text
from tests.factories import make_actor
from tests.objectives.overlays.overlaid import overlay, transform
from tests.objectives.tool_executors.http_calls import SECRET, calls_of, tool

PICTURE = Media("image", "0" * 64, "image/png", 4)
SOUND = Media("audio", "1" * 64, "audio/wav", 5)
VALUES = {
    "parameters": {"order": "7"},
    "tool": {"name": "Find", "llm_tool_name": "find"},
    "pinned_parameters": {"tenant": "t-1"},
    "objective": {"id": "obj_1", "external_id": "", "labels": {"team": "north"}},
}
NO_SECRETS = Redaction({})


def made(drafts, *results: Json, redaction: Redaction = NO_SECRETS):
    return transformed(drafts, [overlay("short", results=results)], VALUES, redaction)


def text_of(raw, template, **more):
    (text,) = made([Text(raw)], transform(template, **more))
    return text.text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ result.text }}!", '{"items": [{"id": 1}, {"id": "<b>"}]}!'),
        ("{{ result.json.items | map: 'id' | join: ',' }}", "1,<b>"),
        ("{% for one in result.json.items %}[{{ one.id }}]{% endfor %}", "[1][<b>]"),
        ("{{ result.json.items | sanitized_json }}", '[{"id":1},{"id":"\\u003cb\\u003e"}]'),
        ("{{ result.json.items[0] | json }}", '{\n  "id": 1\n}'),
        ("{{ result.blocks[0].type }} {{ result.blocks[0].size_bytes }}", "text 37"),
        ("{{ parameters.order }} {{ tool.name }} {{ tool.llm_tool_name }}", "7 Find find"),
        (
            "{{ pinned_parameters.tenant }} {{ objective.labels.team }} {{ objective.external_id }}",
            "t-1 north ",
        ),
        ("${KEY}", "${KEY}"),
        ("", ""),
    ],
)
def test_a_template_knows_the_result_and_its_call(template, text):
    assert text_of('{"items": [{"id": 1}, {"id": "<b>"}]}', template) == text


def test_what_is_sanitized_is_still_the_same_json():
    value = {"a": "</script>&\u2028\u2029é", "b": [1.5, None, True]}

    text = text_of(json.dumps(value), "{{ result.json | sanitized_json }}")

    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029\n") & set(text)


@pytest.mark.parametrize(
    ("raw", "template", "said"),
    [
        ("plain", "{{ result.json }}", "result.json is undefined"),
        ("plain", "{% if result.json %}{% endif %}", "result.json is undefined"),
        ("NaN", "{{ result.json }}", "result.json is undefined"),
        ("[" * 100_000, "{{ result.json }}", "result.json is undefined"),
        ("{}", "{{ result.json.items }}", "result.json.items is undefined"),
        ("{}", "{{ lost }}", "'lost' is undefined"),
        ("x" * 1000, "{% for i in (1..1000) %}{{ result.text }}{% endfor %}", "more than 200000 characters"),
        ("x" * 2000, "{% for i in (1..1000) %}{{ result.text }}{% endfor %}", "output stream limit reached"),
        ('"\\ud800"', "{{ result.json }}", "surrogates not allowed"),
        ('{"a": 1}', "{{ result.json.a | divided_by: 0 }}", "can't divide by 0"),
    ],
)
def test_an_error_fails_the_call_or_leaves_the_content_as_it_was(raw, template, said):
    assert text_of(raw, template, on_error="RAW_CONTENT") == raw
    with pytest.raises(CannotTransform) as cannot:
        text_of(raw, template)

    assert str(cannot.value).startswith("The overlay 'short' cannot transform the result: ")
    assert said in str(cannot.value)


def test_json_may_be_expected():
    assert text_of('{"a": 1}', "{{ result.json.a }}", expects_json=True) == "1"
    assert text_of("plain", "x", on_error="RAW_CONTENT", expects_json=True) == "plain"
    with pytest.raises(CannotTransform, match=r"its text is not JSON\.$"):
        text_of("plain", "x", expects_json=True)
    with pytest.raises(CannotTransform, match="it has no text, and JSON is expected"):
        made([PICTURE], transform("x", expects_json=True))
    assert made([PICTURE], transform("x", "RAW_CONTENT", expects_json=True)) == [PICTURE]


def test_texts_become_one_and_media_stay_where_they_were():
    drafts = [PICTURE, Text("a"), SOUND, Text("b"), PICTURE]

    found = made(drafts, transform("{{ result.text | newline_to_br | upcase }}{{ result.blocks | size }}"))

    assert found == [PICTURE, Text("A<BR />\nB5"), SOUND, PICTURE]
    assert made([PICTURE, SOUND], transform("x")) == [PICTURE, SOUND]


def test_a_template_sees_of_media_what_they_are():
    drafts = [PICTURE, Text("a")]

    (_, text) = made(drafts, transform("{{ result.blocks | sanitized_json }}"))

    assert json.loads(text.text) == [
        {"type": "image", "mime_type": "image/png", "size_bytes": 4},
        {"type": "text", "text": "a", "size_bytes": 1},
    ]


def test_transforms_follow_one_another_and_one_that_fails_is_left_out():
    found = made(
        [Text("a")],
        transform("{{ result.text }}b"),
        transform("{{ lost }}", "RAW_CONTENT"),
        transform('["{{ result.text }}"]'),
        transform("{{ result.json[0] }}c"),
    )

    assert found == [Text("abc")]


def test_templates_that_work_for_long_are_stopped_together(monkeypatch):
    monkeypatch.setattr(transforms, "MOST_SECONDS", 0.3)
    slow = "{% for i in (1..10000) %}" + "{% if 1 %}{% endif %}" * 2_000 + "{% endfor %}"
    began = time.process_time()

    assert made([Text("a")], *[transform(slow, "RAW_CONTENT")] * 5) == [Text("a")]

    assert time.process_time() - began < sandbox.MOST_SECONDS


@pytest.mark.parametrize(
    "template",
    [
        "{{ result.json.key }}",
        "{{ result.json | json }}",
        "{{ result.text }}",
        "{{ result.json.key | base64_encode }}",
        "{% assign half = result.json.key | slice: 0, 7 %}{{ half }}",
        "{{ result.text | split: '.' | join: '' }}",
        "{{ result.json[result.json.key] }}",
    ],
)
def test_no_template_brings_a_secret_to_light(template):
    hidden = "".join(f"\\u{ord(letter):04x}" for letter in SECRET)
    raw = f'{{"key": "{hidden}", "dotted": "{".".join(SECRET)}"}}'
    redaction = Redaction({"KEY": SecretStr(SECRET)})

    (text,) = made([Text(raw)], transform(template, "RAW_CONTENT"), redaction=redaction)

    assert SECRET not in text.text
    assert SECRET[:7] not in text.text
    with pytest.raises(CannotTransform) as cannot:
        made([Text(raw)], transform("{{ result.json.dotted | remove: '.' | date: '%' | plus: 1 }}{{ lost }}"))
    assert SECRET not in str(cannot.value)


@pytest.mark.django_db
def test_a_tool_over_http_gives_what_its_overlays_make_of_its_answer(settings):
    settings.PRIVATE_TOOL_HOSTS = ["127.0.0.0/8"]
    call = calls_of(make_actor())
    short = overlay("short", results=[transform("{{ result.json.state }} {{ parameters.order }}")])

    def answers(status, body):
        return tool(lambda _: (status, {"Content-Type": "application/json"}, body))

    with answers(200, b'{"state": "sent"}') as server:
        outcome, _ = call(server.url, arguments={"order": "7"}, overlays=[short])
        assert outcome.drafts == [Text("sent 7")]
    with answers(200, b"gone") as server:
        outcome, _ = call(server.url, overlays=[short], secret=False)
        assert outcome.error == (
            CallError.TOOL_ERROR,
            "The overlay 'short' cannot transform the result: result.json is undefined.",
        )
    with answers(500, b'{"state": "sent"}') as server:
        outcome, _ = call(server.url, overlays=[short], secret=False)
        assert outcome.error == (CallError.TOOL_ERROR, 'The tool answered 500: {"state": "sent"}')
