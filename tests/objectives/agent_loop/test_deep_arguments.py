"""Arguments that are nested too deeply to be kept: the model is told, and the work goes on."""

import pytest

from tests.executions.inference.provider_server import Answer
from tests.executions.inference.wire import chat_events
from tests.factories import make_actor
from tests.objectives.agent_loop.test_providers import provided
from tests.objectives.agent_loop.working import bare_tool, calls_of, start, work

pytestmark = pytest.mark.django_db

ANSWER = {"type": "object", "properties": {"found": {}}, "required": ["found"]}
REFUSED = "The answer is refused: the answer must be a JSON object."


def asking_for(name: str, *arguments: str) -> list[Answer]:
    return [
        Answer(events=chat_events(calls=(("c1", name, written),), finish="tool_calls"))
        for written in arguments
    ]


def nested(name: str, depth: int) -> str:
    return f'{{"{name}":{"[" * depth}{"]" * depth}}}'


@pytest.mark.parametrize("depth", [65, 3_000, 200_000])
def test_a_call_with_deep_arguments_is_refused(bench, settings, depth):
    actor = make_actor()
    with provided(settings, *asking_for("ask", nested("order", depth)), Answer(events=chat_events("So."))):
        objective = work(start(actor, bare_tool(actor), script=[{"answer": "Unused."}]), bench)

    (call,) = calls_of(objective)
    assert (call.error_type, call.error_message) == (
        "invalid_arguments",
        "The arguments must be a JSON object.",
    )
    assert (objective.state, objective.failures) == ("waiting", 0)


@pytest.mark.parametrize("depth", [65, 3_000, 200_000])
def test_a_deep_answer_is_refused_and_asked_for_again(bench, settings, depth):
    answers = asking_for("final_answer", nested("found", depth), '{"found": 1}')
    with provided(settings, *answers):
        objective = work(start(make_actor(), script=[{"answer": {"found": 1}}], output=ANSWER), bench)

    assert (objective.state, objective.output) == ("finalized", {"found": 1})
    assert [call.error_message for call in calls_of(objective)] == [REFUSED]
