"""Each format of a turn, read by its own JavaScript package."""

import json

import pytest
from pydantic import TypeAdapter
from pydantic_ai.ui.vercel_ai import response_types

from tests.javascript.packages import decode
from tests.objectives.chat.test_turns import asking, chatter

pytestmark = [pytest.mark.timeout(200), pytest.mark.django_db, pytest.mark.usefixtures("shared_worker")]

SCRIPT = [
    {"say": "I ask."},
    {"tool": "ask", "arguments": {"order": "7"}},
    {"answer": "Pity."},
]


@pytest.fixture
def turn(server):
    """A turn with text, a tool call and a denial, in any format: its bytes up to the approval and after."""

    def tell(form):
        client = chatter(server, SCRIPT, asking)
        first = client.chat("Ask.", form=form)
        (part,) = [
            part for part in client.ui(first.thread_id)["data"][1]["parts"] if part["type"] == "dynamic-tool"
        ]
        part.update(state="output-denied", approval={"id": part["approval"]["id"], "approved": False})
        messages = [{"id": "a", "role": "assistant", "parts": [part]}]
        with client.post_turn({"id": first.thread_id, "messages": messages}, form=form) as response:
            return first.text.encode(), response.read()

    return tell


def test_the_ai_sdk_reads_a_turn_and_its_continuation(turn):
    first, second = turn("ui-message-stream")

    asked = decode("ui-message-stream", first)
    answered = decode("ui-message-stream", second, json.dumps(asked["message"]))

    assert (asked["errors"], answered["errors"]) == ([], [])
    states = {part["type"]: part.get("state") for part in asked["message"]["parts"]}
    assert states["dynamic-tool"] == "approval-requested"
    final = answered["message"]
    assert final["id"] == asked["message"]["id"]
    tool = next(part for part in final["parts"] if part["type"] == "dynamic-tool")
    assert tool["state"] == "output-denied"
    assert final["parts"][-1] == {"type": "text", "text": "Pity.", "state": "done"}


def test_every_chunk_is_one_of_the_librarys_own(turn):
    kinds = {
        kind.model_fields["type"].default: kind
        for kind in vars(response_types).values()
        if isinstance(kind, type)
        and issubclass(kind, response_types.BaseChunk)
        and "type" in kind.model_fields
    }
    chunks = [
        json.loads(line.removeprefix(b"data: "))
        for text in turn("ui-message-stream")
        for line in text.splitlines()
        if line.startswith(b"data: {")
    ]

    for chunk in chunks:
        kind = response_types.DataChunk if chunk["type"].startswith("data-") else kinds[chunk["type"]]
        TypeAdapter(kind).validate_python(chunk)
        known = {field.alias or name for name, field in kind.model_fields.items()}
        assert chunk.keys() <= known, chunk


def calls_and_texts(message):
    parts = message["parts"]
    calls = [part for part in parts if part["type"] == "tool-call"]
    return calls, "".join(part["text"] for part in parts if part["type"] == "text")


@pytest.mark.parametrize("form", ["data-stream", "assistant-transport"])
def test_assistant_ui_reads_a_turn(server, form):
    client = chatter(server, [SCRIPT[0], {"tool": "absent", "arguments": {}}, {"answer": "Pity."}])

    streamed = client.chat("Ask.", form=form)

    calls, text = calls_and_texts(decode(form, streamed.text.encode())["message"])
    assert text.startswith("Demo model")
    assert text.endswith("Pity.")
    assert [(call["toolName"], call["isError"]) for call in calls] == [("absent", True)]
    assert calls[0]["toolCallId"].startswith("toolcall_")


def test_assistant_ui_reads_the_ai_sdks_stream_too(server):
    client = chatter(server, [{"answer": "Good morning."}])

    streamed = client.chat("Hello")

    message = decode("ui-message-stream-by-assistant-ui", streamed.text.encode())["message"]
    assert calls_and_texts(message)[1].endswith("Good morning.")


def test_an_ag_ui_client_reads_a_turn(server):
    client = chatter(server, [SCRIPT[0], {"tool": "absent", "arguments": {}}, {"answer": "Pity."}])
    said = [{"id": "m1", "role": "user", "content": "Ask."}]
    body = {"threadId": "theirs", "runId": "r1", "messages": said, "agent_id": client.agent_id}

    with client.post_turn(body, path="ag-ui") as response:
        found = decode("ag-ui", response.read())["events"]

    kinds = [event["type"] for event in found]
    assert (kinds[0], kinds[-1]) == ("RUN_STARTED", "RUN_FINISHED")
    assert {"TEXT_MESSAGE_CONTENT", "TOOL_CALL_START", "TOOL_CALL_RESULT"} <= set(kinds)
