"""The format of demo scripts: how steps become responses, and how templates are filled."""

from typing import Any

import pytest

from executions.inference.demo_script import DemoScriptInvalid, ScriptCall, ScriptTurn, read_script
from executions.inference.demo_template import fill

VALUES = {
    "inputs": {"question": "Why?", "top-n": 3},
    "materials": ["a.csv", "b.csv"],
    "results": [{"text": "first"}, {"text": "second"}],
    "last_result": {"text": "second"},
}


def test_says_and_sleeps_belong_to_the_step_after_them() -> None:
    turns = read_script(
        [
            {"say": "Looking."},
            {"sleep": 2},
            {"tool": "workspace.fs.list"},
            {"tools": [{"tool": "a"}, {"tool": "b", "arguments": {"n": 1}}]},
            {"answer": {"answer": "42"}},
        ]
    )

    assert turns == (
        ScriptTurn(("Looking.", 2.0), calls=(ScriptCall("workspace.fs.list", {}),)),
        ScriptTurn(calls=(ScriptCall("a", {}), ScriptCall("b", {"n": 1}))),
        ScriptTurn(answer={"answer": "42"}),
    )


def test_says_at_the_end_are_a_response_of_their_own() -> None:
    assert read_script([{"tool": "a"}, {"say": "Bye."}])[1] == ScriptTurn(("Bye.",))


@pytest.mark.parametrize(
    ("script", "path"),
    [
        ([], "demo"),
        ("say hello", "demo"),
        (["say"], "demo[0]"),
        ([{"say": "x"}, {"shout": "y"}], "demo[1]"),
        ([{"say": "x", "answer": "y"}], "demo[0]"),
        ([{"tool": "a", "args": {}}], "demo[0]"),
        ([{"tool": 3}], "demo[0]"),
        ([{"tool": "a", "arguments": []}], "demo[0].arguments"),
        ([{"tools": []}], "demo[0].tools"),
        ([{"tools": [{"tool": "a"}, {}]}], "demo[0].tools[1]"),
        ([{"sleep": -1}], "demo[0].sleep"),
        ([{"sleep": True}], "demo[0].sleep"),
        ([{"answer": 3}], "demo[0].answer"),
        ([{"fail": None}], "demo[0].fail"),
    ],
)
def test_a_script_that_breaks_the_format_is_refused_by_place(script: Any, path: str) -> None:
    with pytest.raises(DemoScriptInvalid) as raised:
        read_script(script)

    assert raised.value.path == path


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("Q: {inputs.question}", "Q: Why?"),
        ("{inputs.top-n}", 3),
        ("top {inputs.top-n}", "top 3"),
        ("{materials}", ["a.csv", "b.csv"]),
        ("inputs/materials/{materials[1]}", "inputs/materials/b.csv"),
        ("{results[-2].text}", "first"),
        ("{last_result.text|3}…", "sec…"),
        ("all: {results}", 'all: [{"text": "first"}, {"text": "second"}]'),
        ("{materials[9]} {inputs.none} {nobody.there}", "  "),
        ("{{inputs.question}", "{inputs.question}"),
        ('{"a": 1}', '{"a": 1}'),
        ("{inputs.__class__}{inputs.question.__class__}{materials.append}", ""),
    ],
)
def test_templates_reach_into_values_and_nothing_else(template: str, filled: Any) -> None:
    assert fill({"deep": [template]}, VALUES) == {"deep": [filled]}


def test_what_a_template_brings_in_is_not_filled_again() -> None:
    assert fill("<{inputs.question}>", {"inputs": {"question": "{secret}"}, "secret": "x"}) == "<{secret}>"
