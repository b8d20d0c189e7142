"""Everybody can read and use the pages: contrast, names, landmarks, by day and by night."""

from typing import Literal

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from executions.actions.cancellation import request_cancel
from spaces.models import Space
from tests.admin.accessible import barriers
from tests.admin.desk import LIST, begin, fail, make_execution, succeed
from tests.executions.admin.test_pages_in_a_browser import sign_in
from tests.executions.runs.live.server import Server
from tests.factories import Actor, make_actor, make_skill
from tests.objectives.admin.desk import CALLS, OBJECTIVES, QUEUE, waiting

pytestmark = pytest.mark.django_db(transaction=True)
LISTS = [
    f"/admin/{path}/"
    for path in (
        "objectives/agent",
        "objectives/agentvariation",
        "objectives/tool",
        "executions/skill",
        "spaces/space",
        "spaces/principal",
        "spaces/apikey",
    )
]
FORMS = ["/admin/spaces/apikey/add/", "/admin/spaces/principal/add/", "/admin/executions/skill/add/"]


def make_work() -> tuple[Actor, list[str]]:
    """Executions and calls in every state, and the addresses of the pages that show them."""
    actor = make_actor()
    make_skill()
    queued = make_execution(actor=actor, call="a")
    begin(make_execution(actor=actor, call="b"))
    done = succeed(make_execution(actor=actor, call="c"))
    failed = fail(make_execution(actor=actor, call="d"))
    request_cancel(access=actor.access, execution_id=queued.id, now=queued.created_at)
    make_execution(actor=actor, call="e")
    call = waiting(actor, arguments={"order": "A-17"})
    pages = [
        "/admin/",
        QUEUE,
        LIST,
        f"{LIST}{done.pk}/change/",
        f"{LIST}{failed.pk}/change/",
        OBJECTIVES,
        f"{OBJECTIVES}{call.objective_id}/change/",
        CALLS,
        f"{CALLS}{call.pk}/change/",
    ]
    return actor, pages


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_of_the_admin_has_a_barrier(
    page: Page, server: Server, scheme: Literal["light", "dark"]
) -> None:
    _, pages = make_work()
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{server.url}/admin/login/")
    found = barriers(page)
    sign_in(page, server)

    for address in (*pages, *LISTS, *FORMS):
        page.goto(server.url + address)
        found += barriers(page)

    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_public_page_has_a_barrier(page: Page, server: Server, scheme: Literal["light", "dark"]) -> None:
    actor, _ = make_work()
    space = f"/spaces/{actor.space.id}"
    page.emulate_media(color_scheme=scheme)
    found = []

    for address in ("/", space, "/sign-in", "/nowhere", f"{space}#key={actor.token}"):
        page.goto(server.url + address)
        found += barriers(page)
    expect(page.locator("tbody tr")).to_have_count(6)  # five executions, and the objective that is open
    found += barriers(page)
    for call in "acde":
        page.goto(f"{server.url}/watch/{actor.space.id}/{call}")
        expect(page.locator("#watch")).to_be_visible()
        found += barriers(page)

    assert found == []


def test_the_filters_of_a_list_have_names(page: Page, server: Server) -> None:
    make_work()
    sign_in(page, server)

    for address in (LIST, OBJECTIVES, CALLS):
        page.goto(server.url + address)
        page.locator(".filter-open-button").click()
        expect(page.locator("#changelist-filter")).to_be_visible()
        assert barriers(page) == []


def test_the_keyboard_goes_past_the_menu(page: Page, server: Server) -> None:
    sign_in(page, server)

    skip = page.get_by_role("link", name="Skip to the content")
    page.wait_for_load_state()  # the address is there before the document, and so are the keys
    page.bring_to_front()  # keys go to the page in front, whichever was opened last
    page.keyboard.press("Tab")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")

    expect(page.get_by_role("main")).to_be_focused()


def test_icons_are_not_read_out(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    sign_in(page, server)

    expect(page.get_by_role("link", name="Waits for people", exact=True).first).to_be_visible()
    expect(page.get_by_role("link", name="front_hand")).to_have_count(0)
    page.goto(server.url + LIST)
    expect(page.get_by_role("button", name="search", exact=True)).to_have_count(1)


def test_the_choices_of_a_form_are_named_as_its_labels_say(page: Page, server: Server) -> None:
    space = Space.objects.get(pk=make_actor().space.pk)
    sign_in(page, server)
    page.goto(f"{server.url}/admin/spaces/apikey/add/")

    expect(page.get_by_role("combobox", name="Principal")).to_be_visible()
    page.get_by_role("searchbox", name="Spaces").fill(space.name)
    page.get_by_role("option", name=space.name).click()

    expect(page.get_by_role("searchbox", name="Spaces")).to_have_count(1)


def test_every_page_says_its_language(client: Client) -> None:
    for address in ("/", "/docs", "/admin/login/", "/nowhere"):
        assert b'<html lang="en' in client.get(address).content, address
