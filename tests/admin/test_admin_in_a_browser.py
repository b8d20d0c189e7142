"""The admin in a browser: its policy stops nothing of its own, and one dialog asks before every verb."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from executions.models import Skill
from spaces.models import ApiKey
from tests.admin.desk import LIST, make_execution
from tests.admin.test_every_page import EVERY_MODEL, make_one_of_everything, names
from tests.executions.admin.test_pages_in_a_browser import sign_in
from tests.executions.runs.live.server import Server
from tests.factories import Actor, make_actor, make_skill
from tests.objectives.admin.desk import OBJECTIVES, QUEUE, waiting

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def asked(page: Page, verb: str) -> Locator:
    """The dialog that a verb's button opens."""
    page.get_by_role("button", name=verb, exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def assert_centred(page: Page, dialog: Locator) -> None:
    box, window = dialog.bounding_box(), page.viewport_size
    assert box
    assert window
    assert abs(box["x"] + box["width"] / 2 - window["width"] / 2) < 10
    assert abs(box["y"] + box["height"] / 2 - window["height"] / 2) < 10


def test_no_page_of_the_admin_breaks_its_policy(page: Page, server: Server) -> None:
    make_one_of_everything()
    every = ["/admin/", QUEUE]
    for model in EVERY_MODEL:
        row = model._default_manager.first()
        assert row is not None
        every += [reverse(f"{names(model)}_changelist"), reverse(f"{names(model)}_change", args=(row.pk,))]
        every.append(reverse(f"{names(model)}_add"))
    operator = sign_in(page, server)
    every.append(f"/admin/spaces/principal/{operator.pk}/password/")

    # The page of a test fails where its browser reports something that the policy stopped.
    for address in every:
        answer = page.goto(f"{server.url}{address}")
        assert answer
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self' 'unsafe-eval';" in policy
        page.wait_for_load_state("networkidle")
        headers = page.locator(".cb-run th").all_text_contents()
        assert "" not in [header.strip() for header in headers]
        looks = page.locator("a.cb-link").evaluate_all(
            "links => links.map((link) => getComputedStyle(link).textDecorationLine)"
        )
        assert set(looks) <= {"underline"}


def test_the_widgets_of_a_form_work_under_the_policy(page: Page, server: Server, actor: Actor) -> None:
    sign_in(page, server)
    page.goto(f"{server.url}/admin/spaces/apikey/add/")

    page.get_by_label("Principal").locator("..").locator(".select2-selection").first.click()
    page.locator(".select2-search__field").last.fill("own")
    page.get_by_role("option", name="owner").click()

    expect(page.locator("#id_principal")).to_have_value(str(actor.principal.pk))


def test_a_key_is_revoked_once_and_then_offers_it_no_more(page: Page, server: Server, actor: Actor) -> None:
    sign_in(page, server)
    page.goto(f"{server.url}/admin/spaces/apikey/{actor.key.pk}/change/")

    dialog = asked(page, "Revoke")
    expect(dialog).to_have_accessible_name("Revoke this key?")
    expect(dialog).to_have_accessible_description(
        "Whoever uses it is refused from now on. A revoked key never works again."
    )
    expect(dialog.get_by_role("button", name="Not now")).to_be_focused()
    assert_centred(page, dialog)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert ApiKey.objects.get(pk=actor.key.pk).revoked_at is None
    asked(page, "Revoke").get_by_role("button", name="Revoke").click()

    expect(page.get_by_text("is revoked.")).to_be_visible()
    expect(page.get_by_role("button", name="Revoke")).to_have_count(0)
    assert ApiKey.objects.get(pk=actor.key.pk).revoked_at is not None


def test_a_skill_is_retired_and_restored(page: Page, server: Server) -> None:
    skill = make_skill().skill
    sign_in(page, server)
    page.goto(f"{server.url}/admin/executions/skill/{skill.pk}/change/")

    asked(page, "Retire").get_by_role("button", name="Retire").click()
    expect(page.get_by_text("echo is retired.")).to_be_visible()
    asked(page, "Restore").get_by_role("button", name="Restore").click()
    expect(page.get_by_text("echo is in use again.")).to_be_visible()

    assert Skill.objects.get(pk=skill.pk).retired_at is None


def test_the_same_dialog_asks_before_executions_and_objectives_are_cancelled(
    page: Page, server: Server, actor: Actor
) -> None:
    make_skill()
    execution = make_execution(actor=actor, at=timezone.now())
    call = waiting(actor)
    sign_in(page, server)

    for address, question in (
        (f"{LIST}{execution.pk}/change/", "Cancel this execution?"),
        (f"{OBJECTIVES}{call.objective_id}/change/", "Cancel this objective?"),
    ):
        page.goto(f"{server.url}{address}")
        trigger = page.get_by_role("button", name="Cancel", exact=True)
        red = trigger.evaluate("button => getComputedStyle(button).color")
        dialog = asked(page, "Cancel")
        expect(dialog).to_have_accessible_name(question)
        assert_centred(page, dialog)
        expect(dialog.get_by_role("button", name="Cancel it")).to_have_css("background-color", red)
        page.keyboard.press("Escape")


def test_a_phones_list_breaks_no_short_word(page: Page, server: Server, actor: Actor) -> None:
    actor.principal.display_name = "w" * 150
    actor.principal.save()
    sign_in(page, server)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{server.url}/admin/spaces/principal/")

    lines = page.locator("#result_list .field-email").evaluate_all(
        "cells => cells.map((cell) => { const all = document.createRange(); all.selectNodeContents(cell);"
        " return new Set([...all.getClientRects()].map((box) => Math.round(box.top))).size })"
    )
    name = page.locator("#result_list tbody tr", has_text="www").locator("th, td").first.bounding_box()

    assert len(lines) >= 2
    assert set(lines) == {1}
    assert name
    assert name["width"] < 420


def test_no_bar_hides_what_the_keyboard_comes_to(page: Page, server: Server) -> None:
    operator = sign_in(page, server)
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(f"{server.url}/admin/spaces/principal/{operator.pk}/change/")

    page.get_by_label("Is staff").focus()
    page.keyboard.press("Tab")

    at = "box => [box.left + box.width / 2, box.top + box.height / 2]"
    focused = f"(({at})(document.activeElement.getBoundingClientRect()))"
    assert page.evaluate("document.activeElement.name") == "is_superuser"
    assert page.evaluate(f"document.elementFromPoint(...{focused}) === document.activeElement")
