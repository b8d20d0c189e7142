"""Pictures that tools give reach the model; rows and windows keep references, never the bytes."""

import io
import json

import pytest
from django.utils import timezone

from executions.inference.choices import DEMO_CHOICE
from executions.inference.interface import DemoSettings, ModelRequest
from executions.inference.media import IMAGE_TOKENS
from executions.inference.truncation import CLEARED
from executions.models import RunEvent
from executions.runs.worker.context import Bench
from objectives.actions.continuation import compact_objective, continue_objective
from objectives.actions.supplied_results import supply_content
from objectives.agent_loop.model_request import conversation_of
from objectives.agent_loop.recovery import estimate
from objectives.models import ContextWindow, Objective, Step
from objectives.tool_results.outcome import Media, Text
from spaces.blobs import blob_name, storage, store_blob
from tests.executions.inference.provider_server import Answer
from tests.executions.inference.test_media import PNG, REFUSED
from tests.executions.inference.wire import chat_events
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.test_providers import provided
from tests.objectives.agent_loop.working import Script, bare_tool, calls_of, said, start, work

pytestmark = pytest.mark.django_db

LOOK = {"tool": "look", "arguments": {"order": "7"}}
LINE = f"[image: image/png, {len(PNG)} bytes]"
CALL = chat_events("Let me look. ", calls=(("c1", "look", '{"order": "7"}'),), finish="tool_calls")
DONE = chat_events("It is ", "a dot.")


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def picture() -> Media:
    blob = store_blob(io.BytesIO(PNG), now=timezone.now())
    return Media("image", blob.sha256, "image/png", blob.size_bytes)


def shown(actor: Actor, bench: Bench, script: Script, *, pictures: int = 1, **fields) -> Objective:
    """An objective that has looked as often, the newest picture just supplied."""
    objective = start(actor, bare_tool(actor, "look"), script=script, **fields)
    for _ in range(pictures):
        supply(actor, work(objective, bench))
    return objective


def supply(actor: Actor, objective: Objective) -> None:
    supply_content(
        access=actor.access,
        objective_id=objective.id,
        call_id=calls_of(objective)[-1].id,
        drafts=[Text("Here:"), picture()],
        now=timezone.now(),
    )


def go_on(actor: Actor, objective: Objective, message: str) -> None:
    continue_objective(
        access=actor.access, objective_id=objective.id, message=message, enqueue=False, now=timezone.now()
    )


def kept_of(objective: Objective) -> str:
    """Everything that rows say of an objective's conversation."""
    rows = [
        *Step.objects.filter(objective=objective).values_list("request", "response"),
        *ContextWindow.objects.filter(objective=objective).values_list("opening"),
        *RunEvent.objects.filter(run_id=objective.id).values_list("data"),
    ]
    return json.dumps(rows, default=str)


def test_the_model_is_given_a_picture_and_the_step_keeps_a_reference(actor, bench):
    script = [LOOK, {"answer": "{media_count} {media[0]}; {last_result}"}]

    objective = work(shown(actor, bench, script), bench)

    first, second = Step.objects.filter(objective=objective).order_by("turn")
    reference = {"kind": "image", "mimeType": "image/png", "sizeBytes": len(PNG), "sha256": picture().sha256}
    assert said(objective)[-1] == f"1 image/png; Here:\n{LINE}"
    assert second.request["media"] == [reference]
    assert "media" not in first.request
    assert second.input_tokens - first.input_tokens > IMAGE_TOKENS


def test_a_picture_that_the_storage_lost_is_a_line_of_text(actor, bench):
    objective = shown(actor, bench, [LOOK, {"answer": "{media_count}; {last_result}"}])
    storage().delete(blob_name(picture().sha256))

    objective = work(objective, bench)

    assert said(objective)[-1] == f"0; Here:\n{LINE}"


def test_cleared_results_show_nothing_and_the_newest_still_do(actor, bench):
    config = {"toolResultClearing": {"preserveRecentResults": 1}}
    script = [
        LOOK,
        LOOK,
        {"answer": "{media_count}"},
        {"answer": "{media_count}; {results[0]}; {results[1]}"},
    ]
    objective = work(shown(actor, bench, script, pictures=2, compaction=config), bench)
    compact_objective(access=actor.access, objective_id=objective.id, compaction=None, now=timezone.now())
    work(objective, bench)
    go_on(actor, objective, "And now?")

    objective = work(objective, bench)

    assert said(objective)[2:] == ["2", f"1; {CLEARED}; Here:\n{LINE}"]
    assert "iVBORw0KGgo" not in kept_of(objective)


def test_results_that_nobody_answered_yet_stay_in_a_window_that_is_summed_up(actor, bench):
    script = [LOOK, {"answer": "{media_count}"}]

    objective = work(shown(actor, bench, script, plan={"context_tokens": 10}), bench)

    assert (objective.window_count, said(objective)[-1]) == (2, "1")
    assert "iVBORw0KGgo" not in kept_of(objective)


def test_a_request_that_vanished_with_its_worker_is_charged_for_its_pictures(actor, bench):
    objective = shown(actor, bench, [LOOK, {"answer": "It is a dot."}])
    messages = conversation_of(objective).messages()
    request = ModelRequest(model=DEMO_CHOICE, instructions="", messages=messages, demo=DemoSettings())

    charged = estimate(request, DEMO_CHOICE, written=4).usage
    blind = estimate(request, DEMO_CHOICE.model_copy(update={"media": frozenset()}), written=4).usage

    assert (charged.input_tokens - blind.input_tokens, charged.output_tokens) == (IMAGE_TOKENS, 1)


def test_a_picture_that_a_provider_refused_is_not_sent_to_it_again(actor, bench, settings):
    call, done = Answer(events=CALL), Answer(events=DONE)
    with provided(settings, call, REFUSED, done, call, done) as server:
        objective = work(shown(actor, bench, [{"answer": "Unheard."}]), bench)
        go_on(actor, objective, "Look again.")
        supply(actor, work(objective, bench))
        work(objective, bench)

    sent = ["base64" in str(received.body["messages"]) for received in server.received]
    # The call, the request that is refused, the same without, the next turn, and its results.
    assert sent == [False, True, False, False, False]
    refused = Step.objects.filter(objective=objective).order_by("turn")[1]
    assert (refused.request["media_refused"], len(refused.request["media"])) == (True, 1)
    assert said(objective)[1] == "It is a dot."


def test_a_provider_is_sent_the_picture_of_an_objective(actor, bench, settings):
    with provided(settings, Answer(events=CALL), Answer(events=DONE)) as server:
        work(shown(actor, bench, [{"answer": "Unheard."}]), bench)

    *_, result, after = server.received[1].body["messages"]
    assert (result["role"], result["tool_call_id"], after["role"]) == ("tool", "c1", "user")
    assert any(part["type"] == "image_url" for part in after["content"])
