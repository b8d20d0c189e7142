"""Overlays on the page of their tool set."""

import html
import re
from typing import Any

import pytest
from django.urls import reverse

from tests.admin.desk import operator_client
from tests.factories import make_actor
from tests.objectives.factories import make_tool_set
from tests.objectives.overlays.overlaid import (
    attribute,
    auto_mode,
    called,
    overlay,
    pin,
    put,
    remove,
    takes,
    transform,
    where,
)

pytestmark = pytest.mark.django_db


def shown(*overlays: Any) -> list[str]:
    """The words of the list of overlays on the page, item by item."""
    actor = make_actor()
    row = make_tool_set(space=actor.space, created_by=actor.principal, overlays=[*overlays])
    page = operator_client().get(reverse("admin:objectives_toolset_change", args=(row.pk,)))
    assert page.status_code == 200
    found = re.search(r'<ol class="cb-overlays">(.*?)</ol>', page.text, re.DOTALL)
    assert found
    words = html.unescape(re.sub(r"<(?!b>)[^>]*>", "\n", found[1]))
    return [line for line in words.splitlines() if line]


def test_overlays_are_told_in_words():
    everywhere = overlay(
        "tenant",
        pin("filter.owner", "tenant"),
        pin("limit", "most", "SKIP"),
        put("state", "<b>{{ objective.id }}</b>"),
        remove("cursor"),
    )
    some = overlay(
        "careful",
        disabled=True,
        selector=where(
            attribute("NAME", "regex", "^list", caseSensitive=True),
            takes("filter.owner"),
            called("find", "seek"),
            operator="OR",
        ),
        results=[transform("{{ result.json.state }}")],
        autoMode=auto_mode("Is it harmless?", mode="MOST"),
        widgetArgumentExposure={"enabled": True},
    )

    meant = (
        "tools whose name matches '^list', by its capitals too or that take filter.owner or called find, seek"
    )
    assert shown(everywhere, some) == [
        "tenant",
        " for all tools",
        "pins filter.owner to the objective's tenant; calls without it fail",
        "pins limit to the objective's most; without it the model decides",
        "sets state to <b>{{ objective.id }}</b>",
        "removes cursor",
        "careful",
        f" (switched off) for {meant}",
        "writes results anew; where that fails, so does the call: {{ result.json.state }}",
        "spares people the approval where most of these are passed: Is it harmless? (0.8)",
        "shows arguments in widgets",
    ]
