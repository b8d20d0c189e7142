"""Objectives and tool calls for those who work at the desk."""

from django.test import Client

from objectives.models import AdapterKind, ApprovalStatus, Objective, ToolCall
from tests.admin.desk import operator_client
from tests.factories import Actor
from tests.objectives.factories import make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent, park

OBJECTIVES = "/admin/objectives/objective/"
CALLS = "/admin/objectives/toolcall/"
QUEUE = f"{CALLS}waiting/"


def waiting(actor: Actor, *, arguments: dict[str, str] | None = None) -> ToolCall:
    """A call that waits for somebody's decision, as a worker left its objective."""
    tool_set = make_tool_set(space=actor.space, created_by=actor.principal, adapter=AdapterKind.BARE)
    tool = make_tool(tool_set=tool_set, name="ask", requires_approval=True)
    objective = begin_objective(actor, make_published_agent(actor, tool))
    call = ask_for(objective, "ask", approval=ApprovalStatus.WAITING_FOR_APPROVAL)
    if arguments is not None:
        ToolCall.objects.filter(pk=call.pk).update(arguments=arguments)
    park(objective)
    return call


def page_of(objective: Objective, client: Client | None = None) -> str:
    answer = (client or operator_client()).get(f"{OBJECTIVES}{objective.pk}/change/")
    assert answer.status_code == 200
    return answer.content.decode()
