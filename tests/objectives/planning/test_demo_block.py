"""The demo model's script inside a system prompt."""

import pytest

from objectives.planning.demo_block import split_demo
from spaces.errors import Invalid

SCRIPT = [{"say": "Hello {message}"}, {"tool": "find", "arguments": {"order": "{message}"}}]


def test_a_prompt_without_a_block_stays_as_it_is():
    prompt = "You are kind.\n```python\nprint(1)\n```\n  "

    assert split_demo(prompt) == (prompt, None)


@pytest.mark.parametrize(
    "block",
    [
        '- say: "Hello {message}"\n- {tool: find, arguments: {order: "{message}"}}\n',
        '[{"say": "Hello {message}"},\n {"tool": "find", "arguments": {"order": "{message}"}}]\n',
    ],
    ids=["yaml", "json"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_block_is_yaml_or_json_and_no_part_of_the_prompt(block, end):
    template = f"You are kind.\n\n```demo\n{block}```\n\nAnd brief.".replace("\n", end)

    prompt, script = split_demo(template)

    assert script == SCRIPT
    assert "demo" not in prompt
    assert prompt.startswith("You are kind.")
    assert prompt.endswith("And brief.")


def test_a_block_at_the_very_end_needs_no_last_line():
    assert split_demo("```demo\n- say: Hello\n```") == ("", [{"say": "Hello"}])


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("```demo\n- say: Hello\n", "not closed"),
        ("```demo\n- say: a\n```\n```demo\n- say: b\n```\n", "one demo block"),
        ("```demo\n- shout: Hello\n```", "demo[0]"),
        ("```demo\n```", "not empty"),
        ("```demo\n- [\n```", "(line 2)"),
        ("```demo\n- &a {say: b}\n- *a\n```", "aliases"),
        ("```demo\n" + "[" * 40 + "]" * 40 + "\n```", "nested deeper"),
        ("```demo\n- answer: {day: 2026-01-01}\n```", "date"),
        ('```demo\n- say: "a\\0"\n```', "cannot be stored"),
        ("```demo\n- say: " + "a" * 70_000 + "\n```", "longer than"),
    ],
)
def test_what_is_no_script_is_told_with_its_field(template, reason):
    with pytest.raises(Invalid) as refused:
        split_demo(template, "body", "spec", "systemPromptTemplate")

    (problem,) = refused.value.problems
    assert reason in problem["msg"], problem["msg"]
    assert problem["loc"] == ["body", "spec", "systemPromptTemplate"]
