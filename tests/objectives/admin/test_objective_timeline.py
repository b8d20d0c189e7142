"""The timeline of objectives that were really worked on, and the links between what belongs together."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from executions.models import SkillExecution
from executions.runs.worker.context import Bench
from objectives.actions.approvals import approve_call, deny_call
from objectives.ids import Prefix, spell
from objectives.models import Objective, ToolCall
from tests.admin.desk import client_of, make_staff, operator_client
from tests.executions.runs.worker.benches import lent_bench
from tests.factories import Actor, make_actor, make_skill
from tests.objectives.admin.desk import CALLS, OBJECTIVES, page_of
from tests.objectives.agent_loop.working import bare_tool, calls_of, start, work
from tests.objectives.factories import make_agent, make_variation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def actor() -> Actor:
    return make_actor()


@pytest.fixture
def bench(transactional_db: None, tmp_path: Path) -> Iterator[Bench]:
    """What an attempt needs when it is made in the test's own process."""
    with lent_bench(tmp_path / "bench") as lent:
        yield lent


def asked(actor: Actor, bench: Bench) -> tuple[Objective, ToolCall]:
    """An objective that was worked on until somebody must decide about its call."""
    tool = bare_tool(actor, requires_approval=True, config={"alwaysSetResult": "It is 42."})
    ask = {"tool": "ask", "arguments": {"order": "<b>7</b>"}}
    objective = work(start(actor, tool, script=[{"say": "I ask."}, ask, {"answer": "Done."}]), bench)
    return objective, calls_of(objective)[0]


def test_the_timeline_tells_what_was_said_called_decided_and_given(actor: Actor, bench: Bench) -> None:
    objective, call = asked(actor, bench)
    approve_call(access=actor.access, objective_id=objective.id, call_id=call.id, now=timezone.now())
    work(objective, bench)

    page = page_of(objective)

    for text in ("Go.", "I ask.", "ask needs an approval", "ask approved by owner", "It is 42.", "Done."):
        assert text in page
    assert "Approved by owner" in page
    assert "&lt;b&gt;7&lt;/b&gt;" in page
    assert "<b>7</b>" not in page
    assert f'href="{CALLS}{call.pk}/change/"' in page


def test_a_failure_is_told_in_words_on_its_page_and_on_the_desk(actor: Actor, bench: Bench) -> None:
    objective = work(start(actor, script=[{"fail": "Too busy."}]), bench)
    client = operator_client()

    page, desk = page_of(objective, client), client.get("/admin/").content.decode()

    assert "model_error" not in page
    assert page.count("The language model did not answer") == 2  # the head, and the timeline's entry
    assert "Objectives that failed lately" in desk
    assert f'href="{OBJECTIVES}{objective.pk}/change/"' in desk


def test_a_denial_is_shown_with_who_and_why(actor: Actor, bench: Bench) -> None:
    objective, call = asked(actor, bench)
    now = timezone.now()
    deny_call(access=actor.access, objective_id=objective.id, call_id=call.id, memo="Too dear.", now=now)

    client = operator_client()

    for page in (page_of(objective, client), client.get(f"{CALLS}{call.pk}/change/").content.decode()):
        assert "Denied by owner" in page
        assert "Too dear." in page


def test_a_call_that_waits_for_content_leads_to_where_it_is_given(actor: Actor, bench: Bench) -> None:
    ask = {"tool": "ask", "arguments": {"order": "7"}}
    objective = work(start(actor, bare_tool(actor), script=[ask, {"answer": "Done."}]), bench)
    (call,) = calls_of(objective)
    watcher = client_of(make_staff(permissions=("view_objective", "view_toolcall")))

    assert f'href="{CALLS}{call.pk}/change/#content">Give content</a>' in page_of(objective)
    assert "Waits for content:" in page_of(objective, watcher)
    assert "Give content" not in page_of(objective, watcher)


def test_skills_and_their_calls_lead_to_each_other(actor: Actor, bench: Bench) -> None:
    make_skill()
    tool = {"tool": "echo", "arguments": {"text": "hi"}}
    labels = {"callboard/skill.echo": "auto"}
    objective = work(start(actor, script=[tool, {"answer": "Done."}], labels=labels), bench)
    call, execution = calls_of(objective)[0], SkillExecution.objects.get()
    client = operator_client()

    there = page_of(objective, client)
    back = client.get(f"/admin/executions/skillexecution/{execution.pk}/change/").content.decode()

    assert f'href="/admin/executions/skillexecution/{execution.pk}/change/"' in there
    for link in (
        f"{CALLS}{spell(Prefix.TOOL_CALL, call.id)}/change/",
        f"{OBJECTIVES}{spell(Prefix.OBJECTIVE, objective.id)}/change/",
    ):
        assert f'href="{link}"' in back
        assert client.get(link).status_code == 200


def test_sub_agents_are_a_tree_on_each_page(actor: Actor, bench: Bench) -> None:
    helper = make_agent(space=actor.space, created_by=actor.principal, name="Helper")
    make_variation(agent=helper)
    call = {"tool": "Helper", "arguments": {"task": "Look."}}
    parent = work(start(actor, helper, script=[call, {"answer": "Done."}]), bench)
    child = Objective.objects.get(parent=parent)
    client = operator_client()

    for page in (page_of(parent, client), page_of(child, client)):
        tree = page.split("Sub-agents <small>2 objectives")[1]
        assert tree.index(f"{OBJECTIVES}{parent.pk}/change/") < tree.index(f"{OBJECTIVES}{child.pk}/change/")
    assert "Sub-agent Helper" in page_of(parent, client)


def test_the_number_of_questions_does_not_grow_with_what_happened(actor: Actor, bench: Bench) -> None:
    client, asked_questions = operator_client(), []
    tool = bare_tool(actor, config={"alwaysSetResult": "42"})
    for turns in (1, 6):
        script = [*[{"tool": "ask", "arguments": {"order": "7"}}] * turns, {"answer": "Done."}]
        objective = work(start(actor, tool, script=script), bench)
        with CaptureQueriesContext(connection) as captured:
            page_of(objective, client)
        asked_questions.append(len(captured))

    assert asked_questions[0] == asked_questions[1]
    assert asked_questions[0] <= 20


def test_what_an_operator_says_to_an_idle_objective_is_heard_at_once(actor: Actor, bench: Bench) -> None:
    idle = work(start(actor, script=[{"answer": "Hello."}]), bench)

    url = f"{OBJECTIVES}{idle.pk}/continue/"
    heard = operator_client().post(url, {"message": "Go on."}, follow=True)

    assert "Message delivered." in heard.content.decode()
    assert idle.messages.filter(content="Go on.").exists()
    assert Objective.objects.get(pk=idle.pk).state == "running"
