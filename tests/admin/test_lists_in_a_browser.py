"""Every column of a list is on the screen, however long what it holds is."""

import pytest
from playwright.sync_api import Page, expect

from objectives.actions.cancellation import cancel_objective
from objectives.models import AdapterKind, Agent, ApprovalStatus, ToolCall
from spaces.models import Space, Tenant
from tests import histories
from tests.admin.desk import LIST, make_execution
from tests.executions.admin.test_pages_in_a_browser import sign_in
from tests.executions.runs.live.server import Server
from tests.factories import NOW, make_actor, make_skill
from tests.objectives.admin.desk import CALLS, OBJECTIVES
from tests.objectives.factories import make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent

pytestmark = pytest.mark.django_db(transaction=True)
LONG = "An agent whose name goes on and on about all that it does for everybody"
REASON = "The column “quantity” holds words where a number belongs, in rows 17, 29 and 1,204."
WIDTHS = [1440, 1280]  # with the menu beside the list, and without


def make_long_things() -> None:
    make_skill(slug="a-skill-with-quite-a-long-name-that-says-it-all")
    actor = make_actor()
    slug = "a-skill-with-quite-a-long-name-that-says-it-all"
    for number in range(2):
        call = f"call_{number}_of_an_identifier_that_some_model_has_made_up_at_length"
        histories.fail(make_execution(actor=actor, call=call, slug=slug), "skill_error", REASON)
    tools = make_tool_set(space=actor.space, created_by=actor.principal, adapter=AdapterKind.BARE)
    tool = make_tool(tool_set=tools, name="look_for_an_order_by_all_that_is_known_of_it")
    objective = begin_objective(actor, make_published_agent(actor, tool), first_user_message=LONG * 3)
    ask_for(objective, tool.function_name, approval=ApprovalStatus.WAITING_FOR_APPROVAL)
    ToolCall.objects.update(decided_by=actor.principal)
    cancel_objective(access=actor.access, objective_id=objective.id, reason="", now=NOW)
    for model in (Agent, Space, Tenant):
        model.objects.update(name=LONG)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_column_is_on_the_screen(page: Page, server: Server, width: int) -> None:
    make_long_things()
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, server)

    for address in (LIST, OBJECTIVES, CALLS, "/admin/objectives/agent/", "/admin/objectives/agentvariation/"):
        page.goto(server.url + address)
        last = page.locator("#result_list thead :is(th, td)").last
        expect(last).to_be_visible()
        box = last.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= width, address


def test_what_is_cut_is_whole_in_its_title(page: Page, server: Server) -> None:
    make_long_things()
    sign_in(page, server)

    page.goto(server.url + OBJECTIVES)
    expect(page.get_by_title(LONG, exact=True).first).to_be_visible()
    page.goto(server.url + LIST)

    expect(page.get_by_title(REASON).first).to_be_visible()
    assert page.locator(f"[title='{REASON}']").first.evaluate("one => one.scrollWidth > one.clientWidth")
