"""A variation's page shows all that its agent can call, and who has to agree."""

import re

import pytest
from django.utils.html import strip_tags

from objectives.models import AgentState, AgentVariation, ToolState
from tests.admin.desk import operator_client
from tests.factories import Actor, make_actor, make_skill
from tests.objectives.factories import make_agent, make_tool, make_tool_set, make_variation
from tests.objectives.overlays.overlaid import auto_mode, overlay

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor() -> Actor:
    make_skill()
    return make_actor()


def shown(variation: AgentVariation) -> list[list[str]]:
    """The rows of the table: kind, what, of which set, and how it runs."""
    url = f"/admin/objectives/agentvariation/{variation.pk}/change/"
    page = operator_client().get(url).content.decode()
    table = re.search(r"<th>Kind</th>.*?</table>", page, re.DOTALL)
    rows = table[0].split("<tr>")[1:] if table else []
    return [[strip_tags(cell).strip() for cell in row.split("<td>")[1:]] for row in rows]


def test_tools_sub_agents_and_skills_are_shown(actor: Actor) -> None:
    made = {"space": actor.space, "created_by": actor.principal}
    billing, mail = make_tool_set(name="Billing", **made), make_tool_set(name="Mail", **made)
    refund = make_tool(tool_set=billing, name="refund", requires_approval=True)
    make_tool(tool_set=mail, name="send")
    make_tool(tool_set=mail, name="shred", state=ToolState.ARCHIVED)
    agent, helper = make_agent(**made), make_agent(name="Helper", **made)
    draft = make_agent(name="Sketch", state=AgentState.DRAFT, **made)
    labels = {"callboard/skill.echo": "approval", "callboard/skill.lost": "auto", "team": "support"}
    calls = (refund, mail, helper, draft)

    rows = shown(make_variation(agent=agent, calls=calls, labels=labels))

    assert rows == [
        ["Tool", "refund", "Billing", "once somebody agrees"],
        ["Tool", "send", "Mail", "by itself"],
        ["Tool", "shred", "Mail", "not offered: the tool is archived"],
        ["Sub-agent", "Helper", "–", "by itself"],
        ["Sub-agent", "Sketch", "–", "not offered: it is not published"],
        ["Skill", "echo", "–", "once somebody agrees"],
        ["Skill", "lost", "–", "not offered: there is no such skill"],
    ]


def test_a_tool_under_auto_mode_says_so_and_so_does_the_search(actor: Actor) -> None:
    made = {"space": actor.space, "created_by": actor.principal}
    judged = overlay("judge", autoMode=auto_mode("Is it harmless?"))
    tool_set = make_tool_set(name="Mail", overlays=[judged], **made)
    make_tool(tool_set=tool_set, name="send")

    rows = shown(
        make_variation(agent=make_agent(**made), calls=(tool_set,), progressive_discovery={"maxTools": 3})
    )

    assert rows == [
        ["Tool", "send", "Mail", "once auto mode or somebody agrees"],
        ["Search", "find_tools", "–", "by itself; what it finds as that says"],
    ]


def test_a_variation_that_may_call_nothing_has_no_table(actor: Actor) -> None:
    agent = make_agent(space=actor.space, created_by=actor.principal)

    assert shown(make_variation(agent=agent)) == []
