"""Schemas of strangers: they end soon, they fetch nothing, and nobody else waits for them."""

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from executions.catalog import safe_jsonschema
from executions.catalog.errors import BundleRefused
from executions.catalog.schemas import check_schema
from executions.catalog.validation import schema_problems

ENDLESS = "^(a|a)*$"
TEXT = "a" * 60 + "!"
TOO_LONG = "Validation took too long."


def of(value: dict[str, Any], **schema: Any) -> list[str]:
    return [problem["msg"] for problem in schema_problems({"type": "object", **schema}, value)]


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ({"x": TEXT}, {"properties": {"x": {"pattern": ENDLESS}}}),
        ({"x": [TEXT] * 1000}, {"properties": {"x": {"items": {"pattern": ENDLESS}}}}),
        ({TEXT: 1}, {"patternProperties": {ENDLESS: {}}}),
        ({TEXT: 1}, {"additionalProperties": False, "patternProperties": {ENDLESS: {}}}),
        ({TEXT: 1}, {"propertyNames": {"pattern": ENDLESS}}),
    ],
)
def test_a_pattern_that_backtracks_for_ever_is_given_up(value, schema, monkeypatch):
    monkeypatch.setattr(safe_jsonschema, "MOST_SECONDS", 0.3)
    begun = time.process_time()

    assert of(value, **schema) == [TOO_LONG]
    assert time.process_time() - begun < 4


# The library builds every repeat that a pattern demands: these would fill the memory of any machine.
@pytest.mark.parametrize(
    "pattern",
    [
        "(?:a{5000}){5000}",
        "((a{900})+){900}",
        "(?x)(a{50}) # and\n {50}",
        "(((a{30}){30}){30}){30}",
        "a" * 10_001,
    ],
)
def test_a_pattern_that_would_fill_the_memory_is_not_built(pattern):
    begun = time.process_time()

    assert of({"x": "a"}, properties={"x": {"pattern": pattern}}) == ["Invalid regular expression in schema."]
    assert time.process_time() - begun < 4


@pytest.mark.parametrize(
    "pattern",
    ["^.{1,65535}$", "^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$", "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"],
)
def test_patterns_that_count_as_people_do_are_looked_for(pattern):
    assert of({"x": ""}, properties={"x": {"pattern": pattern}}) == [f"'' does not match {pattern!r}"]


def test_other_threads_go_on_while_a_pattern_is_looked_for(monkeypatch):
    monkeypatch.setattr(safe_jsonschema, "MOST_SECONDS", 1.5)
    turns = 0
    looking = threading.Thread(
        target=of, args=({"x": TEXT},), kwargs={"properties": {"x": {"pattern": ENDLESS}}}
    )

    looking.start()
    while looking.is_alive():
        time.sleep(0.02)
        turns += 1
    looking.join()

    assert turns > 2  # one at most while it would keep the others from running


def test_patterns_beside_unevaluated_properties_are_not_looked_for():
    schema = {"$defs": {"p": {"patternProperties": {ENDLESS: {}}}}, "unevaluatedProperties": False}

    assert of({TEXT: 1}, **schema) == ["unevaluatedProperties cannot be checked beside patternProperties."]
    assert of({"x": 1}, unevaluatedProperties=False) == [
        "Unevaluated properties are not allowed ('x' was unexpected)"
    ]


def test_references_that_double_are_given_up():
    doubling = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}
    schema = {"type": "object", "$defs": {**doubling, "d40": {}}, "$ref": "#/$defs/d0"}

    assert of({}, **schema) == [TOO_LONG]
    with pytest.raises(BundleRefused, match=r"circular \$ref"):
        check_schema(schema, "inputs")


def test_patterns_and_additional_properties_mean_what_they_mean():
    schema = {"patternProperties": {"^x_": {"type": "integer"}}, "additionalProperties": False}

    assert of({"x_a": 1}, **schema) == []
    assert of({"x_a": "1"}, **schema) == ["'1' is not of type 'integer'"]
    assert of({"x_a": 1, "y": 2}, **schema) == ["Additional properties are not allowed ('y' was unexpected)"]
    assert of({"x_a": 1, "y": 2}, **{**schema, "additionalProperties": {"type": "string"}}) == [
        "2 is not of type 'string'"
    ]
    assert of({"x": "abc"}, properties={"x": {"pattern": "^b"}}) == ["'abc' does not match '^b'"]


class _Seen(BaseHTTPRequestHandler):
    paths: list[str] = []

    def do_GET(self) -> None:
        self.paths.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        pass


def test_a_reference_to_elsewhere_is_never_followed(tmp_path):
    (tmp_path / "any.json").write_text("{}")
    with HTTPServer(("127.0.0.1", 0), _Seen) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        elsewhere = [
            f"http://127.0.0.1:{server.server_address[1]}/s",
            (tmp_path / "any.json").as_uri(),
            "#/no",
        ]
        told = [of({"x": 1}, properties={"x": {"$ref": reference}}) for reference in elsewhere]
        server.shutdown()

    assert _Seen.paths == []
    assert [len(problems) for problems in told] == [1, 1, 1]
    assert all("Unresolvable $ref" in problems[0] for problems in told)


def test_what_cannot_be_applied_is_a_problem_and_no_error():
    assert of({}, allOf=[{"$ref": "#"}]) == ["The schema has a circular $ref."]
    assert of({"x": "a"}, properties={"x": {"pattern": "(["}}) == ["Invalid regular expression in schema."]
