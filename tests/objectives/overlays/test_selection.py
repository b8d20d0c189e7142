"""Which tools an overlay means."""

import time
from typing import Any

import pytest

from objectives.overlays import selection
from objectives.overlays.selection import Subject, applying, matches
from spaces.errors import NotReady
from tests.objectives.overlays.overlaid import attribute, called, overlay, takes, where

SUBJECT = Subject(
    name="List orders",
    title="",
    description="Lists the orders.\nOf one owner.",
    function="list_orders",
    parameters={
        "type": "object",
        "properties": {
            "filter": {"type": "object", "properties": {"owner": {}, "any": True}},
            "plain": {"$ref": "#/$defs/plain"},
        },
        "$defs": {"plain": {"properties": {"hidden": {}}}},
    },
)


def means(*conditions: Any, operator: str = "AND", subject: Subject = SUBJECT) -> bool:
    return bool(applying([overlay("a", selector=where(*conditions, operator=operator))], subject))


@pytest.mark.parametrize(
    ("how", "wanted", "expected"),
    [
        ("exact", "LIST ORDERS", True),
        ("exact", "List", False),
        ("startsWith", "list", True),
        ("startsWith", "orders", False),
        ("endsWith", "Orders", True),
        ("endsWith", "list", False),
        ("contains", "LIST O", True),
        ("contains", "t  o", False),
        ("regex", "^list .*s$", True),
        ("regex", "^orders", False),
    ],
)
def test_texts_match_in_every_way_in_any_case_unless_told(how, wanted, expected):
    assert means(attribute("NAME", how, wanted)) is expected
    assert means(attribute("NAME", how, wanted, caseSensitive=False)) is expected
    assert not means(attribute("NAME", how, wanted.swapcase(), caseSensitive=True))


def test_capitals_count_where_they_should():
    assert means(attribute("NAME", "exact", "List orders", caseSensitive=True))
    assert means(attribute("NAME", "regex", "L.st", caseSensitive=True))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("NAME", "List orders", True),
        ("DESCRIPTION", "Lists the orders.\nOf one owner.", True),
        ("LLM_TOOL_NAME", "list_orders", True),
        ("LLM_TOOL_NAME", "List orders", False),
    ],
)
def test_every_attribute_is_looked_at(name, text, expected):
    assert means(attribute(name, "exact", text)) is expected


def test_a_tool_without_a_title_is_found_by_none():
    titled = Subject(**{**SUBJECT.__dict__, "title": "Orders"})

    assert not means(attribute("TITLE", "regex", ".*"))
    assert means(attribute("TITLE", "regex", ".*"), subject=titled)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("filter", True),
        ("filter.owner", True),
        ("filter.any", True),
        ("filter.any.more", False),
        ("owner", False),
        ("filter.owner.id", False),
        ("plain.hidden", False),
        ("properties", False),
    ],
)
def test_parameters_are_found_where_they_are_declared(path, expected):
    assert means(takes(path)) is expected


def test_tools_are_meant_by_their_functions_names():
    assert means(called("other", "list_orders"))
    assert not means(called("List orders"))
    assert not means(called())


def test_conditions_hold_all_or_any():
    yes, no = called("list_orders"), called("other")

    assert means()
    assert means(operator="OR")
    assert means(yes, yes)
    assert not means(yes, no)
    assert means(no, yes, operator="OR")
    assert not means(no, no, operator="OR")
    assert means(yes, operator="UNSPECIFIED")


def test_overlays_that_apply_keep_their_order_and_those_that_are_off_do_not_apply():
    overlays = [
        overlay("b"),
        overlay("off", disabled=True),
        overlay("no", selector=where(called("other"))),
        overlay("a"),
    ]

    assert [one["key"] for one in applying(overlays, SUBJECT)] == ["b", "a"]


def test_a_pattern_that_never_ends_is_an_error_and_not_a_tool_that_is_not_meant(monkeypatch):
    monkeypatch.setattr(selection, "MOST_SECONDS", 0.2)
    subject = Subject(**{**SUBJECT.__dict__, "description": "a" * 60 + "!"})
    endless = overlay("endless", selector=where(attribute("DESCRIPTION", "regex", "^(a|aa)+$")))

    began = time.process_time()
    with pytest.raises(NotReady, match="The pattern of the overlay 'endless' takes too long"):
        applying([endless], subject)

    assert time.process_time() - began < 8


def test_time_that_is_over_is_an_error_before_anything_is_looked_for():
    with pytest.raises(TimeoutError):
        matches({"type": "regex", "regex": "a"}, "a", until=time.monotonic() - 1)
