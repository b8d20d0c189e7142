"""The page of one objective: its timeline in words, its verbs, and who may do what."""

import io
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from objectives.ids import Prefix, spell
from objectives.lifecycles.calls import complete
from objectives.models import ApprovalStatus, ExecutionStatus, Objective, ToolCall
from objectives.tool_results.blocks import store_blocks
from objectives.tool_results.long_texts import keep_whole
from objectives.tool_results.outcome import Media, Text
from spaces.blobs import store_blob
from tests.admin.desk import PNG, client_of, make_staff, operator_client
from tests.factories import NOW, Actor, make_actor, make_operator
from tests.objectives.admin.desk import CALLS, OBJECTIVES, page_of, waiting
from tests.objectives.factories import make_secret
from tests.objectives.runs import begin_objective, make_published_agent

pytestmark = pytest.mark.django_db
VERBS = {"cancel": {}, "interrupt": {}, "continue": {"message": "Go on."}}


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def test_images_and_sounds_of_a_result_are_shown_by_signed_links(actor: Actor, blob_folder: Path) -> None:
    call = waiting(actor)
    ToolCall.objects.filter(pk=call.pk).update(
        approval=ApprovalStatus.APPROVED, execution=ExecutionStatus.PENDING
    )
    call.refresh_from_db()
    store_here(call, ("image", "image/png"), ("audio", "audio/mpeg"))
    client = operator_client()

    page = client.get(f"{CALLS}{call.pk}/change/").content.decode()

    image, audio = page.split('class="cb-result-image" src="')[1], page.split('preload="none" src="')[1]
    for link in (image.split('"')[0], audio.split('"')[0]):
        answer = Client().get(link.replace("&amp;", "&"))
        assert (answer.status_code, b"".join(answer.streaming_content)) == (200, PNG)
    assert "&lt;script&gt;" in page


def test_a_result_too_long_for_the_model_is_downloaded_whole(actor: Actor, blob_folder: Path) -> None:
    call = waiting(actor)
    ToolCall.objects.filter(pk=call.pk).update(
        approval=ApprovalStatus.APPROVED, execution=ExecutionStatus.PENDING
    )
    call.refresh_from_db()
    text = "line\n" * 20_000
    complete(
        call, store_blocks(call, keep_whole([Text(text)], 30_000, now=NOW), reader="read_result"), now=NOW
    )

    page = operator_client().get(f"{CALLS}{call.pk}/change/").content.decode()

    link = page.split('">Download the whole of it</a>')[0].rpartition('href="')[2].replace("&amp;", "&")
    assert "97.7" in page  # kilobytes
    assert Client().get(link).getvalue().decode() == text


def store_here(call: ToolCall, *kinds: tuple[str, str]) -> None:
    """Complete a call with a text and these media, all of the same bytes."""
    blob = store_blob(io.BytesIO(PNG), now=NOW)
    drafts = [Text("<script>"), *(Media(kind, blob.sha256, mime, len(PNG)) for kind, mime in kinds)]
    complete(call, store_blocks(call, drafts), now=NOW)


def test_a_secret_is_told_by_name_only(actor: Actor) -> None:
    objective = waiting(actor).objective
    value = "hunter2-value"
    secret = make_secret(
        space=actor.space, created_by=actor.principal, name="MAIL_KEY", value=value, objective=objective
    )
    client = operator_client()
    listing = "/admin/objectives/secret/"

    with CaptureQueriesContext(connection) as captured:
        pages = [
            client.get(path).content.decode()
            for path in (listing, f"{listing}{secret.pk}/change/", f"{OBJECTIVES}{objective.pk}/change/")
        ]

    for page in pages:
        assert "MAIL_KEY" in page
        assert value not in page
    assert not [each["sql"] for each in captured if '"sealed",' in each["sql"]]


@pytest.mark.parametrize(("verb", "becomes"), [("cancel", "cancelled"), ("interrupt", "waiting")])
def test_an_operator_stops_an_objective_or_its_turn(actor: Actor, verb: str, becomes: str) -> None:
    call = waiting(actor)

    answer = operator_client().post(f"{OBJECTIVES}{call.objective_id}/{verb}/", follow=True)

    call.refresh_from_db()
    assert answer.status_code == 200
    assert Objective.objects.get(pk=call.objective_id).state == becomes
    assert call.execution == ExecutionStatus.INTERRUPTED


def test_what_an_operator_says_to_a_busy_objective_is_queued(actor: Actor) -> None:
    client = operator_client()
    busy = waiting(actor).objective
    url = f"{OBJECTIVES}{busy.pk}/continue/"

    queued = client.post(url, {"message": "And then?"}, follow=True).content.decode()
    nothing = client.post(url, {"message": "  "}, follow=True).content.decode()

    assert "Message queued until its turn ends." in queued
    assert "And then?" in page_of(busy, client)
    assert "The message is empty." in nothing


def test_what_a_verb_refuses_is_said_on_the_page(actor: Actor) -> None:
    objective = waiting(actor).objective
    client = operator_client()
    client.post(f"{OBJECTIVES}{objective.pk}/cancel/")

    for verb, fields in (("interrupt", {}), ("continue", {"message": "Go on."})):
        page = client.post(f"{OBJECTIVES}{objective.pk}/{verb}/", fields, follow=True).content.decode()
        assert "This objective is cancelled" in page


@pytest.mark.parametrize("verb", VERBS)
def test_verbs_need_a_post_with_a_csrf_token_by_somebody_who_may_steer(actor: Actor, verb: str) -> None:
    objective = waiting(actor).objective
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(make_operator(email="careful@example.com"))
    watcher = client_of(make_staff(permissions=("view_objective", "change_toolcall")))
    url = f"{OBJECTIVES}{objective.pk}/{verb}/"

    assert operator_client().get(url).status_code == 405
    assert careful.post(url, VERBS[verb]).status_code == 403
    assert watcher.post(url, VERBS[verb]).status_code == 403
    assert f"/{objective.pk}/{verb}/" not in page_of(objective, watcher)
    assert Client().post(url).headers["Location"].startswith("/admin/login/")
    before = Objective.objects.values().get(pk=objective.pk)
    assert (before["state"], before["cancel_requested_at"]) == ("waiting", None)


def test_staff_by_their_permissions_see_calls_and_steer(actor: Actor) -> None:
    objective = waiting(actor).objective
    watcher = client_of(make_staff(permissions=("view_objective",)))
    steerer = client_of(make_staff(permissions=("change_objective",), email="two@example.com"))
    other = client_of(make_staff(permissions=("view_tenant",), email="three@example.com"))

    assert 'id="call-' not in page_of(objective, watcher)
    assert steerer.post(f"{OBJECTIVES}{objective.pk}/cancel/").status_code == 302
    assert other.get(f"{OBJECTIVES}{objective.pk}/change/").status_code == 403
    assert Objective.objects.get(pk=objective.pk).state == "cancelled"


@pytest.mark.parametrize("term", ["id", "spelled", "agent", "state"])
def test_objectives_are_found_by_what_operators_know(actor: Actor, term: str) -> None:
    mine = begin_objective(actor, make_published_agent(actor))
    other = waiting(actor).objective
    terms = {
        "id": str(mine.id),
        "spelled": spell(Prefix.OBJECTIVE, mine.id),
        "agent": mine.agent.name,
        "state": "pending",
    }

    page = operator_client().get(OBJECTIVES, {"q": terms[term]}).content.decode()

    assert f"{mine.pk}/change/" in page
    assert (f"{other.pk}/change/" in page) == (term == "agent")


def test_lists_ask_the_same_number_of_questions_for_more_rows(actor: Actor) -> None:
    client = operator_client()
    asked_questions: dict[str, list[int]] = {OBJECTIVES: [], CALLS: []}
    for _ in range(2):
        for _ in range(3):
            waiting(actor)
        for url, counts in asked_questions.items():
            with CaptureQueriesContext(connection) as captured:
                assert client.get(url).status_code == 200
            counts.append(len(captured))
            assert not [each["sql"] for each in captured if "COUNT(" in each["sql"].upper()]

    assert all(first == second for first, second in asked_questions.values())
