"""The chat page in a real browser: what is said, decided and reloaded, by one person and by two."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from objectives.models import ChatSettings
from tests.admin.accessible import barriers
from tests.admin.browser import open_page
from tests.factories import Actor, make_actor
from tests.objectives.agent_loop.working import bare_tool, prompt_with
from tests.objectives.runs import make_published_agent

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("shared_worker"),
]
MARKUP = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"


def chat_of(script: list[dict[str, Any]], *, asks: bool = False) -> Actor:
    """Somebody in a space whose chat agent follows a script."""
    actor = make_actor()
    tools = [bare_tool(actor, "ask", requires_approval=True)] if asks else []
    agent = make_published_agent(actor, *tools, system_prompt_template=prompt_with(script))
    ChatSettings.objects.create(space=actor.space, agent=agent)
    return actor


def open_chat(page: Page, server: Any, actor: Actor, thread: str = "") -> None:
    address = f"{server.url}/chat/{actor.space.id}{thread and f'/{thread}'}"
    page.goto(f"{address}#key={actor.token}")


def say(page: Page, text: str) -> None:
    page.get_by_label("Message", exact=True).fill(text)
    page.get_by_role("button", name="Send").click()


def thread_in(page: Page) -> str:
    page.wait_for_url(re.compile(r"/chat/[^/]+/[^/]+$"))
    return page.url.rsplit("/", 1)[1]


def transcript(page: Page) -> list[str]:
    return [one.inner_text() for one in page.locator(".chat-body").all()]


def test_an_answer_is_drawn_as_markdown_and_stays_after_a_reload(page: Page, server: Any) -> None:
    actor = chat_of([{"say": "# Sales\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nx = 1\n```\n"}])
    open_chat(page, server, actor)

    say(page, "How were sales?")

    expect(page.locator(".md h1")).to_have_text("Sales")
    expect(page.locator(".md td").first).to_have_text("1")
    expect(page.locator(".md pre .hl-mi")).to_have_text("1")
    expect(page.get_by_role("heading", name="How were sales?")).to_be_visible()
    expect(page.locator(".chat-threads [aria-current=page]")).to_have_text("How were sales?")
    before = transcript(page)
    page.reload()
    expect(page.locator(".md h1")).to_have_text("Sales")
    assert transcript(page) == before


def test_an_approval_is_given_on_another_device_and_its_result_in_the_card(
    page: Page, browser: Browser, server: Any
) -> None:
    actor = chat_of([{"tool": "ask", "arguments": {"order": "7"}}, {"say": "Thanks for it."}], asks=True)
    open_chat(page, server, actor)
    say(page, "Ask.")
    card = page.locator(".chat-call")
    expect(card.get_by_role("button", name="Approve")).to_be_visible()
    expect(page).to_have_title(re.compile("^● "))

    with open_page(browser) as other:
        open_chat(other, server, actor, thread_in(page))
        other.locator(".chat-call").get_by_role("button", name="Approve").click()
        expect(card.get_by_role("button", name="Give")).to_be_visible()
        card.get_by_label("Result of the call").fill("It is blue.")
        card.get_by_role("button", name="Give").click()

        for each in (page, other):
            expect(each.locator(".md").last).to_contain_text("Thanks for it.")
            expect(each.locator(".chat-call .cb-badge")).to_have_text("succeeded")
        assert transcript(other) == transcript(page)


def test_what_is_denied_says_why(page: Page, server: Any) -> None:
    actor = chat_of([{"tool": "ask", "arguments": {"order": "7"}}, {"say": "Then not."}], asks=True)
    open_chat(page, server, actor)
    say(page, "Ask.")

    page.get_by_label("Why not (optional)").fill("Too dear.")
    page.get_by_role("button", name="Deny").click()

    expect(page.locator(".chat-call .cb-note.is-failed")).to_have_text("Too dear.")
    expect(page.locator(".md").last).to_contain_text("Then not.")


def test_markup_of_people_and_models_is_text(page: Page, server: Any) -> None:
    actor = chat_of([{"say": f"{MARKUP}\n\nDone."}])
    open_chat(page, server, actor)

    say(page, MARKUP)

    expect(page.locator(".md").last).to_contain_text("Done.")
    expect(page.locator(".chat-said")).to_have_text(MARKUP)
    assert page.locator(".chat-log img, .chat-log script").count() == 0
    assert "taken" not in page.title()


def test_threads_are_found_renamed_and_archived(page: Page, server: Any) -> None:
    actor = chat_of([{"say": "Yes."}])
    open_chat(page, server, actor)
    say(page, "First question")
    expect(page.locator(".md").last).to_contain_text("Yes.")
    thread_in(page)
    page.get_by_role("button", name="New chat").click()
    say(page, "Second question")
    expect(page.locator(".chat-threads li")).to_have_count(2)

    page.get_by_label("Search chats").fill("First")
    expect(page.locator(".chat-threads li")).to_have_count(1)
    page.locator(".chat-menu summary").click()
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Title").fill("The first one")
    page.get_by_label("Title").press("Enter")
    expect(page.locator(".chat-threads a")).to_have_text("The first one")
    page.locator(".chat-menu summary").click()
    page.get_by_role("button", name="Archive").click()
    expect(page.get_by_text("No chats here.")).to_be_visible()
    page.get_by_label("Archived").check()
    expect(page.locator(".chat-threads a")).to_have_text("The first one")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_kept_from_reading_or_using_it(page: Page, server: Any, scheme: Any) -> None:
    actor = chat_of([{"tool": "ask", "arguments": {"order": "7"}}, {"say": "Thanks."}], asks=True)
    page.emulate_media(color_scheme=scheme)
    open_chat(page, server, actor)
    assert barriers(page) == []

    say(page, "Ask.")

    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    assert barriers(page) == []
