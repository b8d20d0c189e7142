"""Results too long to be read at once: kept whole for people, head and tail for the model, and read on."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from executions.models import SkillExecution
from executions.runs.worker.context import Bench
from objectives.actions.continuation import continue_objective
from objectives.actions.supplied_results import supply_content
from objectives.agent_loop.call_step import continue_after_child, continue_after_execution
from objectives.ids import Prefix, spell
from objectives.models import AdapterKind, CallKind, Objective, ResultMedia, ToolCall
from objectives.planning.plan import Plan
from objectives.tool_results.long_texts import LEAST, MOST, USUAL, keep_whole, most_inline
from objectives.tool_results.outcome import Media, Text
from spaces.blobs import open_blob, store_blob
from spaces.retention import unreferenced_blobs
from tests.factories import Actor, make_actor, make_skill
from tests.objectives.agent_loop.conftest import LISTED
from tests.objectives.agent_loop.working import bare_tool, calls_of, http_tool, prompt_with, said, start, work
from tests.objectives.factories import make_secret, make_tool, make_tool_set
from tests.objectives.runs import make_published_agent
from tests.objectives.tool_executors.http_calls import SECRET, Tool, tool

pytestmark = pytest.mark.django_db

WHOLE = "".join(f"line {number}\n" for number in range(20_000))  # about 200,000 characters
ORDER = {"arguments": {"order": "7"}}
READ = {"tool": "read_result", "arguments": {"tool_call_id": "{message}", "offset": 50_000, "length": 40}}


@pytest.fixture
def actor() -> Actor:
    return make_actor()


@pytest.fixture
def source(settings: Settings) -> Iterator[Tool]:
    """A tool over HTTP that answers with all of it."""
    settings.PRIVATE_TOOL_HOSTS = [LISTED]
    with tool(lambda _: (200, {"Content-Type": "text/plain"}, WHOLE.encode())) as server:
        yield server


def go_on(actor: Actor, objective: Objective, message: str) -> None:
    continue_objective(
        access=actor.access, objective_id=objective.id, message=message, enqueue=False, now=timezone.now()
    )


def offered(objective: Objective) -> list[str]:
    return [one.function for one in Plan.read(objective.plan).offered]


def public_id(call: ToolCall) -> str:
    return spell(Prefix.TOOL_CALL, call.id)


def script(name: str) -> list[dict[str, Any]]:
    return [{"tool": name, **ORDER}, {"answer": "{last_result}"}, READ, {"answer": "{last_result}"}]


def over_http(actor: Actor, bench: Bench, source: Tool) -> Objective:
    return work(start(actor, http_tool(actor, source.url), script=script("find")), bench)


def supplied(actor: Actor, bench: Bench, _: Tool) -> Objective:
    objective = work(start(actor, bare_tool(actor), script=script("ask")), bench)
    supply_content(
        access=actor.access,
        objective_id=objective.id,
        call_id=calls_of(objective)[0].id,
        drafts=[Text(WHOLE)],
        now=timezone.now(),
    )
    return work(objective, bench)


def always_set(actor: Actor, bench: Bench, _: Tool) -> Objective:
    fixed = bare_tool(actor, config={"alwaysSetResult": WHOLE})
    return work(start(actor, fixed, script=script("ask")), bench)


def of_a_sub_agent(actor: Actor, bench: Bench, _: Tool) -> Objective:
    prompt = prompt_with([{"answer": "{message}" * 4}])  # a script itself has its bound
    clerk = make_published_agent(actor, system_prompt_template=prompt)
    clerk.name = "Clerk"
    clerk.save(update_fields=["name"])
    asked = [{"tool": "Clerk", "arguments": {"task": WHOLE[:40_000]}}, *script("Clerk")[1:]]
    objective = work(start(actor, clerk, script=asked), bench)
    child = work(Objective.objects.get(parent=objective), bench)
    continue_after_child(child_id=child.id, now=timezone.now())
    return work(objective, bench)


def of_a_skill(actor: Actor, bench: Bench, _: Tool) -> Objective:
    make_skill(tenant=actor.tenant, slug="echo")
    asked = [{"tool": "echo", "arguments": {"text": "x"}}, *script("echo")[1:]]
    objective = work(start(actor, script=asked, labels={"callboard/skill.echo": "auto"}), bench)
    (call,) = calls_of(objective)
    SkillExecution.objects.filter(pk=call.run_id).update(
        state="succeeded", outputs={"text": WHOLE}, started_at=timezone.now(), finished_at=timezone.now()
    )
    continue_after_execution(call_id=call.id, now=timezone.now())
    return work(objective, bench)


@pytest.mark.parametrize("given", [over_http, supplied, always_set, of_a_sub_agent, of_a_skill])
def test_a_long_result_is_cut_kept_whole_and_read_on_whatever_gave_it(
    actor: Actor, bench: Bench, source: Tool, given: Callable[[Actor, Bench, Tool], Objective]
):
    objective = given(actor, bench, source)

    (call,) = calls_of(objective)
    block = (call.result or [])[0]
    with open_blob(ResultMedia.objects.get(pk=block["whole_id"]).blob_id) as stored:
        whole = stored.read().decode()
    missing = f"[… {len(whole) - USUAL:,} characters left out of {len(whole):,}; call read_result with "
    head, _, rest = block["text"].partition("\n" + missing)
    tail = rest.partition(" …]\n")[2]
    assert rest.startswith(f"tool_call_id {public_id(call)}, offset {len(head)} to read more")
    assert (whole.startswith(head), whole.endswith(tail), len(head) + len(tail)) == (True, True, USUAL)
    assert missing in said(objective)[-1]
    assert len(json.dumps(call.result)) < 2 * USUAL
    assert offered(objective)[-1] == "read_result"
    assert not unreferenced_blobs(timezone.now() + timedelta(days=9)).filter(size_bytes=len(whole)).exists()

    go_on(actor, objective, public_id(call))
    objective = work(objective, bench)

    part = f"[Characters 50000 to 50040 of {len(whole)}; offset 50040 reads on]\n{whole[50_000:50_040]}"
    assert said(objective)[-1] == part
    reading = calls_of(objective)[-1]
    assert (reading.kind, reading.approval) == (CallKind.READING, "auto_approved")


def test_a_result_that_can_be_read_at_once_stays_as_it_is(actor, bench):
    text = "x" * USUAL
    objective = work(
        start(actor, bare_tool(actor, config={"alwaysSetResult": text}), script=script("ask")), bench
    )

    assert calls_of(objective)[0].result == [{"type": "text", "text": text}]
    assert offered(objective) == ["ask"]


def test_a_model_with_a_small_window_is_given_less_and_one_with_a_large_one_more():
    assert [most_inline(tokens) for tokens in (0, 8_000, 200_000, 1_000_000)] == [USUAL, LEAST, 40_000, MOST]


def test_of_several_texts_the_long_ones_share_what_the_short_ones_leave():
    drafts = keep_whole([Text("a" * 100), Text("b" * 9_000), Text("c" * 9_000)], 4_100, now=timezone.now())

    assert drafts[0] == Text("a" * 100)
    assert [(len(one.head) + len(one.tail), one.characters) for one in drafts[1:]] == [(2_000, 9_000)] * 2


def test_no_secret_is_in_what_is_kept_or_cut_in_two(actor, bench, source):
    head = USUAL - USUAL // 3
    source.reply = lambda _: (200, {}, (f"{'a' * (head - 5)}{SECRET}{'b' * 90_000}{SECRET}").encode())
    owner = {"space": actor.space, "created_by": actor.principal}
    make_secret(**owner, name="TOKEN", value=SECRET)
    leaky = make_tool_set(
        **owner, adapter=AdapterKind.HTTP, base_url=source.url, headers={"X-Key": "{{ secrets.TOKEN }}"}
    )
    find = make_tool(tool_set=leaky, name="find", config={"requestMethod": "POST", "path": "/"})

    objective = work(start(actor, find, script=script("find")), bench)

    (call,) = calls_of(objective)
    with open_blob(ResultMedia.objects.get(tool_call=call).blob_id) as stored:
        kept = stored.read().decode() + json.dumps(call.result)
    assert kept.count("[secret TOKEN]") == 3  # of the tail twice; that of the head is cut
    assert SECRET[:4] not in kept
    assert SECRET[-4:] not in kept


def test_a_result_is_searched(actor, bench, source):
    search = {"tool_call_id": "{message}", "search": "LINE 1999", "offset": 0}
    steps = [*script("find")[:2], {"tool": "read_result", "arguments": search}, {"answer": "{last_result}"}]
    objective = work(start(actor, http_tool(actor, source.url), script=steps), bench)

    go_on(actor, objective, public_id(calls_of(objective)[0]))
    objective = work(objective, bench)

    found = said(objective)[-1]
    assert found.startswith(f"At {WHOLE.index('line 1999')}: ")
    assert found.count("\nAt ") == 10  # 1999 and 19990 to 19999


def test_a_result_of_another_objective_is_not_read(actor, bench, source):
    other = over_http(actor, bench, source)
    objective = over_http(actor, bench, source)

    go_on(actor, objective, public_id(calls_of(other)[0]))
    objective = work(objective, bench)

    assert calls_of(objective)[-1].error_message == "Result not found in this conversation."


def test_a_file_that_is_no_text_is_told_by_its_type_and_size(actor, bench):
    objective = work(start(actor, bare_tool(actor), script=script("ask")), bench)
    blob = store_blob(io.BytesIO(b"%PDF"), now=timezone.now())
    supply_content(
        access=actor.access,
        objective_id=objective.id,
        call_id=calls_of(objective)[0].id,
        drafts=[Media("file", blob.sha256, "application/pdf", 4)],
        now=timezone.now(),
    )

    objective = work(objective, bench)

    assert said(objective)[-1] == "[file: application/pdf, 4 bytes]"


def test_people_get_the_whole_by_a_link_of_the_api_and_strangers_do_not(actor, bench, source):
    objective = over_http(actor, bench, source)
    (call,) = calls_of(objective)
    path = (
        f"/v1/workspaces/{spell(Prefix.WORKSPACE, call.space_id)}"
        f"/objectives/{spell(Prefix.OBJECTIVE, objective.id)}"
    )
    own = f"{path}/tool_calls/{public_id(call)}"
    (block,) = Client().get(own, headers=actor.headers).json()["result"]["content"]
    events = Client().get(f"{path}/events", headers=actor.headers).json()["items"]
    link = "/" + block["text"]["whole"]["url"].split("/", 3)[3]

    answer = Client().get(link)

    assert answer.getvalue().decode() == WHOLE
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert block["text"]["whole"]["sizeBytes"] == str(len(WHOLE))
    assert block["text"]["sizeBytes"] == str(len(block["text"]["text"].encode()))
    told = next(one["data"] for one in events if one["data"]["type"] == "toolResult")
    assert (
        told["toolResult"]["result"]["content"][0]["text"]["whole"]["mimeType"] == "text/plain; charset=utf-8"
    )
    assert Client().get(link.partition("?")[0]).status_code == 403
    assert Client().get(own, headers=make_actor(name="stranger").headers).status_code == 404
