"""The official SDK, unmodified: an objective from its agent to its end, with everything that steers it."""

import base64
import itertools
import uuid
from typing import Any

import pytest
from cadenya._core import APIError
from cadenya.types import ObjectiveToolCall

from tests import asking
from tests.conformance.cutting import wire_to
from tests.conformance.shop import Shop, open_shop
from tests.conformance.stage import Listener, Stage, eventually, types_of
from tests.factories import make_skill

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
WAV = b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0@\x1f\0\0@\x1f\0\0\1\0\x08\0data\0\0\0\0"


@pytest.fixture(scope="module")
def shop(stage: Stage) -> Shop:
    make_skill(tenant=stage.actor.tenant, slug="echo")
    return open_shop(stage)


def refused(call: Any, *args: Any, **given: Any) -> tuple[int, int]:
    """HTTP status and code of what the SDK raises."""
    with pytest.raises(APIError) as found:
        call(*args, **given)
    return found.value.status_code, found.value.code


def test_the_whole_story(stage: Stage, shop: Shop):
    objectives = stage.client.objectives
    objective = stage.start(
        shop.agent,
        metadata={"external_id": "story:1", "labels": {"team": "north"}},
        secrets=[{"name": "OTHER", "value": "hunter3-hunter3"}],
    )
    listener = Listener(stage.client, objective)

    calls = stage.until_calls(objective, COMPLETED=3, PENDING=2, WAITING_FOR_CONTENT=1)
    stage.until(objective, "WAITING", turns=1)
    decide(stage, objective, calls)
    stage.until_calls(objective, COMPLETED=5, PENDING=1)
    shown = stage.until(objective, "WAITING", turns=2)
    assert (shown.system_prompt, shown.first_user_message) == ("You are Ada.", "Go.")
    assert [secret.name for secret in shown.secrets] == ["OTHER"]
    read_results(stage, objective, calls)
    steer(stage, objective)
    look_back(stage, objective, shop)

    cancelled = objectives.cancel(objective, reason="Enough.")
    assert cancelled.state == "OBJECTIVE_STATE_CANCELLED"
    assert objectives.cancel(objective).state_message == "Enough."
    assert refused(objectives.continue_, objective, message="More.") == (400, 9)

    events = listener.ended()
    kinds = types_of(events)
    assert kinds[:4] == ["PENDING", "userMessage", "RUNNING", "assistantMessage"]
    assert kinds[-2:] == ["cancelled", "CANCELLED"]
    assert {"toolApprovalRequested", "toolApproved", "toolDenied", "toolCalled", "toolResult"} < set(kinds)
    assert {"subAgentSpawned", "subAgentUpdated", "interrupted", "contextWindowCompacted"} < set(kinds)
    assert [event.metadata.id for event in events] == [
        event.metadata.id for event in objectives.list_events(objective, limit=3, include_info=True)
    ]


def decide(stage: Stage, objective: str, calls: list[ObjectiveToolCall]) -> None:
    """Approve the second call, deny the third, answer the fourth; each can be done once."""
    objectives = stage.client.objectives
    _, approved, denied, asked, *_ = (call.metadata.id for call in calls)
    waiting = objectives.list_tool_calls(objective, status="TOOL_CALL_STATUS_WAITING_FOR_APPROVAL")
    assert {call.metadata.id for call in waiting} == {approved, denied}

    assert objectives.approve_tool_call(objective, approved).status == "TOOL_CALL_STATUS_APPROVED"
    after = objectives.deny_tool_call(objective, denied, memo="Too dear.")
    assert (after.status, after.data.memo) == ("TOOL_CALL_STATUS_DENIED", "Too dear.")
    assert after.data.status_changed_by.spec.type == "PROFILE_TYPE_API_KEY"
    content = [
        {"type": "text", "text": {"text": "Blue."}},
        {"type": "image", "image": {"data": base64.b64encode(PNG).decode(), "mime_type": "image/png"}},
        {"type": "audio", "audio": {"data": base64.b64encode(WAV).decode(), "mime_type": "audio/wav"}},
    ]
    given = objectives.set_tool_call_content(objective, asked, content=content)
    assert given.execution_status == "TOOL_CALL_EXECUTION_STATUS_COMPLETED"

    assert refused(objectives.approve_tool_call, objective, approved) == (400, 9)
    assert refused(objectives.deny_tool_call, objective, approved) == (400, 9)
    assert refused(objectives.set_tool_call_content, objective, asked, content=content) == (400, 9)
    assert refused(objectives.approve_tool_call, objective, f"toolcall_{'0' * 26}") == (404, 5)


def read_results(stage: Stage, objective: str, calls: list[ObjectiveToolCall]) -> None:
    found, approved, denied, asked, clerk, echo = (
        stage.client.objectives.retrieve_tool_call(objective, call.metadata.id) for call in calls
    )
    assert [call.data.callable.type for call in (found, clerk, echo)] == [
        *("tool", "agent", "cadenyaProvidedTool")
    ]
    assert '"order"' in found.result.content[0].text.text
    assert [(one.key, one.source) for one in found.resolved_secrets] == [
        ("KEY", "RESOLVED_SECRET_SOURCE_TOOLSET")
    ]
    assert found.data.resolved_secrets == found.resolved_secrets
    assert (found.info.tool.name, found.info.tool_set.name) == ("find", "orders")
    assert (found.status, found.data.status_changed_by) == ("TOOL_CALL_STATUS_AUTO_APPROVED", None)
    assert approved.data.status_changed_by is not None
    assert (denied.result, denied.data.memo) == (None, "Too dear.")
    assert stage.tools.done == {found.metadata.id: 1, approved.metadata.id: 1}
    assert "You asked: Count." in clerk.result.content[0].text.text
    assert "hallo" in echo.result.content[0].text.text

    text, image, audio = asked.result.content
    assert (text.text.text, text.text.size_bytes) == ("Blue.", "5")
    for block, raw, kind in ((image.image, PNG, "image/png"), (audio.audio, WAV, "audio/wav")):
        media = asking.get(block.url)
        assert (media.status_code, media.content, media.headers["content-type"]) == (200, raw, kind)
        assert (block.mime_type, block.size_bytes) == (kind, str(len(raw)))
        assert asking.get(f"{block.url}x").status_code == 403


def steer(stage: Stage, objective: str) -> None:
    """Continue, queue, take back, interrupt and compact."""
    objectives = stage.client.objectives
    said = objectives.continue_(objective, message="Thanks.")
    assert (said.type, said.event.data.user_message.content) == ("event", "Thanks.")
    stage.until(objective, "WAITING", turns=3)

    objectives.continue_(objective, message="Think.")
    stage.until_asked(objective)
    assert refused(objectives.continue_, objective, message="Quick.") == (400, 9)
    queued = objectives.continue_(objective, message="Later.", enqueue=True)
    assert (queued.type, queued.queued_action.state) == ("queuedAction", "STATE_QUEUED")
    mistake = objectives.continue_(objective, message="No.", enqueue=True).queued_action.metadata.id
    assert objectives.remove_queued_action(objective, queued_action_id=mistake).state == "STATE_REMOVED"
    assert refused(objectives.remove_queued_action, objective, queued_action_id=mistake) == (400, 9)
    actions = list(objectives.list_queued_actions(objective, limit=1))
    assert [one.state for one in actions] == ["STATE_QUEUED", "STATE_REMOVED"]
    assert [one.data.user_message.content for one in actions] == ["Later.", "No."]

    stage.until(objective, "RUNNING")
    event = objectives.interrupt(objective)
    assert event.data.type in {"stateChanged", "interrupted"}
    stage.until(objective, "WAITING")

    compaction = objectives.compact(
        objective, compaction_config={"summarization": {"instructions": "Short."}}
    )
    assert compaction.data.type == "compaction"
    eventually(
        lambda: [one.state for one in objectives.list_queued_actions(objective)],
        lambda states: states == ["STATE_SENT", "STATE_REMOVED", "STATE_SENT"],
    )


def look_back(stage: Stage, objective: str, shop: Shop) -> None:
    """Windows, diagnostics, tools, feedback, and lists with filters and cursors."""
    objectives = stage.client.objectives
    windows = eventually(
        lambda: list(objectives.list_context_windows(objective, limit=1, include_info=True)),
        lambda found: len(found) == 2,
    )
    assert [window.data.sequence for window in windows] == [2, 1]
    assert windows[0].info.objective.id == objective
    shown = stage.until(objective, "WAITING")
    assert shown.info.current_context_window_id == windows[0].metadata.id
    assert (shown.info.total_tool_calls, shown.info.total_context_windows) == (6, 2)

    lengths = objectives.retrieve_diagnostics(objective).diagnostics.context_lengths
    assert lengths.system_prompt > 0
    offered = list(objectives.list_tools(objective, limit=2))
    assert sorted(tool.metadata.name for tool in offered) == [*("Clerk", "ask", "echo", "find", "refund")]

    given = objectives.create_feedback(objective, metadata={}, data={"score": 0.5, "comment": "Good."})
    assert list(objectives.list_feedback(objective)) == [given]
    assert given.info.submitted_by.spec.name

    named = objectives.retrieve("external_id:story:1")
    assert named.metadata.id == objective
    assert [one.metadata.id for one in objectives.list(labels="team=north", agent_id=shop.agent)] == [
        objective
    ]
    children = list(objectives.list(parent_objective_id=objective, include_info=True))
    assert [(child.info.agent.id, child.state) for child in children] == [
        (shop.clerk, "OBJECTIVE_STATE_FINALIZED")
    ]
    everything = list(objectives.list(limit=1))
    assert {objective, children[0].metadata.id} <= {one.metadata.id for one in everything}
    since = list(objectives.list_events(objective, since_event_id=given_event(stage, objective), limit=2))
    assert len(since) == shown.info.total_events - 5
    assert refused(objectives.retrieve, "obj_does_not_exist") == (404, 5)
    assert refused(objectives.list, cursor="mangled") == (400, 3)


def given_event(stage: Stage, objective: str) -> str:
    """The id of its fifth event."""
    return stage.client.objectives.list_events(objective, limit=5).items[-1].metadata.id


def test_an_objective_that_is_made_by_streaming_is_taken_up_again(stage: Stage):
    agent = stage.agent("Counter", [{"answer": "One."}, {"answer": "Two."}])
    given = {
        "agent_id": agent,
        "metadata": {"external_id": f"stream:{uuid.uuid4()}"},
        "first_user_message": "Go.",
        "system_prompt_data": {"name": "Ada"},
    }
    create = stage.client.objectives.create_and_stream

    first = create(**given)
    begun = [next(pieces := iter(first)), *(next(pieces) for _ in range(5))]
    again = create(**given, last_event_id=first.last_event_id)
    first.close()
    taken_up = iter(again)
    objective = begun[0].objective.metadata.id
    assert next(taken_up).objective.metadata.id == objective
    stage.client.objectives.cancel(objective)
    rest = list(taken_up)

    assert types_of([piece.event for piece in begun[1:]]) == [
        *("PENDING", "userMessage", "RUNNING", "assistantMessage", "WAITING")
    ]
    assert types_of([piece.event for piece in rest]) == ["cancelled", "CANCELLED"]


def test_a_stream_that_is_cut_again_and_again_has_every_event_once(stage: Stage):
    agent = stage.agent("Talker", [{"answer": f"{turn}: {{message}}"} for turn in range(5)])
    objective = stage.start(agent)

    with wire_to(stage.web.port) as wire, stage.client_at(wire.url) as client:
        listener = Listener(client, objective)
        for turn in range(1, 5):
            stage.until(objective, "WAITING", turns=turn)
            if turn % 2:
                eventually(lambda: listener.events, bool)
            wire.cut()
            stage.client.objectives.continue_(objective, message=f"Message {turn}.")
        stage.until(objective, "WAITING", turns=5)
        stage.client.objectives.cancel(objective)
        seen = listener.ended()

    kept = list(stage.client.objectives.list_events(objective, limit=7))
    assert wire.cuts >= 4
    assert [event.metadata.id for event in seen] == [event.metadata.id for event in kept]
    assert types_of(seen)[-2:] == ["cancelled", "CANCELLED"]
    assert all(one.metadata.id < other.metadata.id for one, other in itertools.pairwise(seen))


def test_a_resumed_stream_begins_strictly_after_the_event_that_the_client_has(stage: Stage):
    objective = stage.start(stage.agent("Once", [{"answer": "Once."}]))
    stage.until(objective, "WAITING", turns=1)
    stage.client.objectives.cancel(objective)
    kept = list(stage.client.objectives.list_events(objective))

    for place in range(len(kept)):
        resumed = stage.client.objectives.stream_events(objective, last_event_id=kept[place].metadata.id)
        assert list(resumed) == kept[place + 1 :]
