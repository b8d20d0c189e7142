"""Calls from before they named their caller get it, however many parts that takes."""

import importlib

import pytest
from django.db import connection

from objectives.models import ApprovalStatus, ToolCall
from tests.factories import make_actor
from tests.objectives.factories import make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent

pytestmark = pytest.mark.django_db


def test_calls_of_before_are_given_the_agent_of_their_objective(monkeypatch: pytest.MonkeyPatch):
    migration = importlib.import_module("objectives.migrations.0012_every_call_has_a_caller")
    monkeypatch.setattr(migration, "PART", 2)
    with connection.cursor() as cursor:  # undone with the test, and before it has rows
        cursor.execute("ALTER TABLE objectives_toolcall ALTER caller_id DROP NOT NULL")
    actor = make_actor()
    tool = make_tool(tool_set=make_tool_set(space=actor.space, created_by=actor.principal), name="ask")
    agents = [make_published_agent(actor, tool) for _ in range(3)]
    calls = [
        ask_for(begin_objective(actor, agent), "ask", approval=ApprovalStatus.AUTO_APPROVED)
        for agent in agents
    ]
    ToolCall.objects.update(caller_id=None)

    with connection.schema_editor(atomic=False) as editor:
        migration.fill(None, editor)

    callers = dict(ToolCall.objects.values_list("id", "caller_id"))
    assert callers == {call.id: agent.id for call, agent in zip(calls, agents, strict=True)}
