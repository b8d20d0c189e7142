"""A result too long to be read at once, as the official SDK reads it."""

import pytest

from tests.conformance.stage import Stage

pytestmark = pytest.mark.django_db


def test_a_long_result_decodes_and_says_how_to_read_on(stage: Stage):
    sets = stage.client.tool_sets
    people = sets.create(metadata={"name": "helpers"}, spec={"adapter": {"type": "bare", "bare": {}}})
    tool = sets.tools.create(
        people.metadata.id,
        metadata={"name": "tell"},
        spec={"description": "Tells.", "config": {"type": "bare", "bare": {}}},
    )
    script = [
        {"tool": "tell", "arguments": {}},
        {"answer": "Read."},
        {"tool": "read_result", "arguments": {"tool_call_id": "{message}", "search": "needle"}},
        {"answer": "{last_result}"},
    ]
    assignments = [{"type": "toolId", "tool_id": tool.metadata.id}]
    objective = stage.start(stage.agent("Reader", script, assignments=assignments))
    (call,) = stage.until_calls(objective, WAITING_FOR_CONTENT=1)
    text = "hay " * 20_000 + "needle " + "hay " * 20_000
    content = [{"type": "text", "text": {"text": text}}]
    objectives = stage.client.objectives

    objectives.set_tool_call_content(objective, call.metadata.id, content=content)
    stage.until(objective, "WAITING", turns=2)

    result = objectives.retrieve_tool_call(objective, call.metadata.id).result
    assert result is not None
    (block,) = result.content
    assert block.type == "text"
    assert (
        f"call read_result with tool_call_id {call.metadata.id}, offset 20000 to read more" in block.text.text
    )
    assert block.text.size_bytes == str(len(block.text.text.encode()))
    objectives.continue_(objective, message=call.metadata.id)
    stage.until(objective, "WAITING", turns=4)
    _, reading = stage.until_calls(objective, COMPLETED=2)
    assert reading.data.callable.type == "cadenyaProvidedTool"
    found = objectives.retrieve_tool_call(objective, reading.metadata.id).result
    assert found is not None
    assert found.content[0].text.text.startswith("At 80000: hay")
