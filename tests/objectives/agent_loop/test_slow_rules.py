"""Rules of tool sets that take their time: they keep neither an objective locked nor its lease from it."""

import time
from typing import Any

import pytest

from objectives.agent_loop import requested_calls
from objectives.models import AdapterKind
from objectives.overlays import arguments as filling
from objectives.tool_executors import discovery
from spaces.errors import NotReady
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.working import bare_tool, calls_of, start, work
from tests.objectives.factories import make_tool, make_tool_set
from tests.objectives.overlays.overlaid import attribute, overlay, put, where

pytestmark = pytest.mark.django_db

ENDLESS_TEMPLATE = "{% for a in (1..9999) %}{% assign x = '' | append: 'a' | upcase %}{% endfor %}" * 100
ENDLESS_PATTERN = where(attribute("DESCRIPTION", "regex", "^(a|aa)+$"))


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def tools_with_slow_overlays(actor: Actor, number: int) -> list[Any]:
    overlays = [overlay("slow", selector=ENDLESS_PATTERN)]
    tool_set = make_tool_set(
        space=actor.space,
        created_by=actor.principal,
        name="many",
        adapter=AdapterKind.BARE,
        overlays=overlays,
    )
    text = "a" * 60 + "!"
    return [make_tool(tool_set=tool_set, name=f"order{one}", description=text) for one in range(number)]


def test_all_calls_of_a_response_share_the_time_of_their_templates(actor, bench, monkeypatch):
    monkeypatch.setattr(filling, "MOST_SECONDS", 0.5)
    monkeypatch.setattr(requested_calls, "MOST_SECONDS", 0.7)
    tool = bare_tool(actor)
    tool.tool_set.overlays = [overlay("slow", put("order", ENDLESS_TEMPLATE[:9_000]))]
    tool.tool_set.save()
    call = {"tool": "ask", "arguments": {"order": "7"}}
    objective = start(actor, tool, script=[{"tools": [call] * 20}, {"answer": "Too slow."}])
    begun = time.process_time()

    objective = work(objective, bench)

    assert time.process_time() - begun < 5
    assert (objective.state, objective.failures) == ("waiting", 0)
    assert len(calls_of(objective)) == 20
    assert all("takes too long" in call.error_message for call in calls_of(objective))


def test_all_tools_that_a_search_finds_share_the_time_of_their_patterns(actor, bench, monkeypatch):
    monkeypatch.setattr(discovery, "MOST_SECONDS", 0.3)
    words = " ".join(tool.name for tool in tools_with_slow_overlays(actor, 10))
    script = [{"tool": "find_tools", "arguments": {"query": words}}, {"answer": "{last_result}"}]
    objective = start(actor, bare_tool(actor), script=script, progressive_discovery={"maxTools": 10})
    begun = time.process_time()

    objective = work(objective, bench)

    assert time.process_time() - begun < 6
    (found,) = calls_of(objective)
    assert (found.execution, '"tools": []' in found.result[0]["text"]) == ("completed", True)


def test_an_objective_of_many_tools_with_slow_patterns_is_soon_refused(actor):
    begun = time.process_time()

    with pytest.raises(NotReady, match="takes too long"):
        start(actor, *tools_with_slow_overlays(actor, 10), script=[{"answer": "Hi."}])

    assert time.process_time() - begun < 5
