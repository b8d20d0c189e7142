"""Tools that an agent looks for itself: found, offered from the next step on, and held as any other."""

import json
from typing import Any

import pytest
from django.utils import timezone

from executions.runs.worker.context import Bench
from objectives.actions.approvals import approve_call
from objectives.models import AdapterKind, Objective, Step, Tool, ToolSetState, ToolState
from objectives.planning.discovery import MOST_OFFERED, found_tools
from objectives.planning.plan import Plan
from objectives.schemas.toolcalls import callable_of
from objectives.tool_executors.discovery import FULL, NOTHING
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.tool_server import ToolServer
from tests.objectives.agent_loop.working import bare_tool, calls_of, http_tool, payloads, start, work
from tests.objectives.factories import make_tool, make_tool_set

pytestmark = pytest.mark.django_db

TOOLS = {
    "refund_payment": "Gives a customer the money back.",
    "list_invoices": "Lists what was billed.",
    "send_mail": "Sends a mail, with an invoice attached if wanted.",
}
ORDER = {"order": "7"}


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def unassigned(actor: Actor, **fields: Any) -> dict[str, Tool]:
    """The tools of a set that nobody was given."""
    owner = {"space": actor.space, "created_by": actor.principal}
    shop = make_tool_set(**owner, name="shop", adapter=AdapterKind.BARE)
    return {
        name: make_tool(tool_set=shop, name=name, description=text, **fields) for name, text in TOOLS.items()
    }


def find(query: str) -> dict[str, Any]:
    return {"tool": "find_tools", "arguments": {"query": query}}


def looking(actor: Actor, *calls: Any, script: list[dict[str, Any]], **fields: Any) -> Objective:
    return start(actor, *calls, script=script, **{"progressive_discovery": {"maxTools": 2}, **fields})


def told(objective: Objective, number: int = 0) -> dict[str, Any]:
    """What the model reads of one of its searches."""
    blocks = calls_of(objective)[number].result
    assert blocks is not None
    result: dict[str, Any] = json.loads(blocks[0]["text"])
    return result


def names_in(objective: Objective, number: int = 0) -> list[str]:
    return [one["name"] for one in told(objective, number)["tools"]]


def offered(objective: Objective) -> list[str]:
    return [one.function for one in Plan.read(objective.plan).offered]


def found(actor: Actor, query: str, *hints: str) -> list[str]:
    tools = found_tools(actor.space.id, query, hints, known=[], most=10)
    return [tool.function_name for tool in tools]


def test_what_is_found_is_called_in_the_same_attempt(actor: Actor, bench: Bench, tools: ToolServer):
    http_tool(actor, tools.url, "weather", description="Tells how the weather is.")
    script = [find("how is the weather?"), {"tool": "weather", "arguments": ORDER}, {"answer": "Fine."}]
    objective = looking(actor, script=script)
    assert offered(objective) == ["find_tools"]

    objective = work(objective, bench)

    searched, called = calls_of(objective)
    assert (searched.kind, searched.approval, searched.execution) == ("search", "auto_approved", "completed")
    assert (called.kind, called.execution, tools.begun.total()) == ("tool", "completed", 1)
    assert offered(objective) == ["find_tools", "weather"]
    assert [len(step.request["tools"]) for step in Step.objects.filter(objective=objective)] == [1, 2, 2]
    (weather,) = told(objective)["tools"]
    assert (weather["name"], weather["description"]) == ("weather", "Tells how the weather is.")
    assert weather["parameters"]["required"] == ["order"]


def test_a_search_is_shown_as_a_provided_tool(actor: Actor, bench: Bench):
    objective = work(looking(actor, script=[find("mail"), {"answer": "None."}]), bench)

    (call,) = calls_of(objective)
    shown = callable_of(call)
    assert (shown["type"], shown["cadenyaProvidedTool"]["name"]) == ("cadenyaProvidedTool", "find_tools")
    assert payloads(objective, "toolCalled")[0]["tool"] == shown
    assert told(objective) == {"tools": [], "note": NOTHING}


def test_a_found_tool_waits_for_the_approval_that_it_requires(actor: Actor, bench: Bench):
    unassigned(actor, requires_approval=True)
    script = [find("refund"), {"tool": "refund_payment", "arguments": ORDER}, {"answer": "Done."}]

    objective = work(looking(actor, script=script), bench)
    call = calls_of(objective)[1]
    waited = (call.approval, call.execution, objective.state)
    approve_call(access=actor.access, objective_id=objective.id, call_id=call.id, now=timezone.now())

    assert waited == ("waiting_for_approval", "pending", "waiting")
    assert calls_of(objective)[1].execution == "waiting_for_content"


def test_pinned_parameters_hold_for_found_tools(actor: Actor, bench: Bench):
    unassigned(actor)
    script = [find("refund"), {"tool": "refund_payment", "arguments": {}}]

    objective = work(looking(actor, script=script, wanted={"pinned_parameters": {"order": "42"}}), bench)

    assert told(objective)["tools"][0]["parameters"]["properties"] == {}
    assert calls_of(objective)[1].arguments == {"order": "42"}


def test_a_search_brings_as_many_as_it_may_and_none_twice(actor: Actor, bench: Bench):
    mine = unassigned(actor)["send_mail"]
    script = [find("invoices, mail, money"), find("invoices, mail, money"), {"answer": "Enough."}]

    objective = work(looking(actor, mine, script=script, progressive_discovery={"maxTools": 1}), bench)

    assert [names_in(objective), names_in(objective, 1)] == [["list_invoices"], ["refund_payment"]]
    assert offered(objective) == ["send_mail", "find_tools", "list_invoices", "refund_payment"]


def test_two_searches_of_one_response_both_count(actor: Actor, bench: Bench):
    unassigned(actor)
    script = [{"tools": [find("refund"), find("mail")]}, {"answer": "Enough."}]

    objective = work(looking(actor, script=script), bench)

    assert offered(objective) == ["find_tools", "refund_payment", "send_mail"]


def test_found_functions_get_names_of_their_own(actor: Actor, bench: Bench):
    unassigned(actor)
    mine = bare_tool(actor, "send_mail", description="Another one.")

    objective = work(looking(actor, mine, script=[find("mail"), {"answer": "Enough."}]), bench)

    assert names_in(objective) == ["send_mail_2"]
    assert offered(objective) == ["send_mail", "find_tools", "send_mail_2"]


def test_a_plan_that_is_full_gets_no_more(actor: Actor, bench: Bench):
    unassigned(actor)
    objective = looking(actor, script=[find("mail"), {"answer": "Enough."}])
    (finder,) = Plan.read(objective.plan).stored()["offered"]
    objective.plan["offered"] = [
        {**finder, "function": f"find_tools{number or ''}"} for number in range(MOST_OFFERED)
    ]
    objective.save(update_fields=["plan"])

    objective = work(objective, bench)

    assert (told(objective), len(offered(objective))) == ({"tools": [], "note": FULL}, MOST_OFFERED)


def test_only_who_may_look_for_tools_is_offered_the_search(actor: Actor):
    unassigned(actor)

    assert offered(looking(actor, script=[{"answer": "No."}], progressive_discovery=None)) == []
    assert offered(looking(actor, script=[{"answer": "No."}], progressive_discovery={})) == ["find_tools"]


def test_the_best_match_comes_first_and_words_count_in_all_their_forms(actor: Actor):
    unassigned(actor)

    assert found(actor, "refunds") == ["refund_payment"]
    assert found(actor, "invoice") == ["list_invoices", "send_mail"]
    assert found(actor, "MAILING, or 'a (bill' & !!") == ["send_mail", "list_invoices"]
    assert found(actor, "shop") == ["list_invoices", "refund_payment", "send_mail"]
    assert found(actor, "the of") == found(actor, "") == found(actor, "weather") == []


def test_hints_are_looked_for_after_the_words_of_the_search(actor: Actor):
    unassigned(actor)

    assert found(actor, "money", "mail") == ["refund_payment", "send_mail"]
    assert found(actor, "shop", "mails") == ["send_mail", "list_invoices", "refund_payment"]


def test_only_tools_of_the_space_that_may_be_called_are_found(actor: Actor):
    unassigned(make_actor())
    unassigned(actor, state=ToolState.OMITTED)
    archived = unassigned(actor)["send_mail"].tool_set
    archived.state = ToolSetState.ARCHIVED
    archived.save(update_fields=["state"])

    assert found(actor, "mail, refund, invoices") == []
