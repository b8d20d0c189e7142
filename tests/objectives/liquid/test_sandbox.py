"""Templates that want too much of the machine."""

import time

import pytest

from objectives.liquid import sandbox
from objectives.liquid.templates import TemplateMissing, fill
from spaces.errors import Invalid

VALUES = {"long": "x" * 200_000, "items": ["y" * 1_000] * 100, "objects": [{"id": 1}, {"id": 1}, {"id": 2}]}


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ (1..100000000) | join }}", "a value is too large"),
        ("{{ (1..100000000) | sort }}", "a value is too large"),
        ("{{ long | replace: 'x', long }}", "a value is too large"),
        ("{{ long | replace: '', long }}", "a value is too large"),
        ("{{ long | split: '' | join: long }}", "a value is too large"),
        ("{{ items " + "| concat: items " * 30 + "}}", "a value is too large"),
        ("{{ long " + "| append: long " * 30 + "}}", "a value is too large"),
        (
            "{{ long | url_encode " + "| replace: 'x', '%%%%%%%%' | url_encode" * 5 + "}}",
            "a value is too large",
        ),
        ("{% assign n = 9 %}" + "{% assign n = n | times: n %}" * 40 + "{{ n }}", "a number is too large"),
        ("{{ '" + "9" * 5_000 + "' | plus: 1 }}", ""),
    ],
    ids=range(10),
)
def test_a_template_that_makes_too_much_is_refused(template, said, monkeypatch):
    monkeypatch.setattr(sandbox, "MOST_SECONDS", 60.0)  # a slow machine finds the same

    with pytest.raises(Invalid) as refused:
        fill(template, VALUES)

    assert said in str(refused.value)


def test_a_template_that_takes_too_long_is_refused_in_time(monkeypatch):
    monkeypatch.setattr(sandbox, "MOST_SECONDS", 0.3)
    began = time.process_time()

    with pytest.raises(Invalid, match="takes too long"):
        fill("{% for i in (1..10000) %}" + "{% if 1 %}{% endif %}" * 5_000 + "{% endfor %}", VALUES)

    assert time.process_time() - began < 8


def test_what_is_large_but_not_too_large_is_filled():
    assert fill("{{ long | upcase }}", VALUES) == "X" * 200_000
    assert len(fill("{{ long | split: '' | join: ',' }}", VALUES)) == 399_999
    assert fill("{{ items | join: '' | size }}", VALUES) == "100000"


def test_items_that_stand_twice_are_left_out_quickly():
    began = time.process_time()

    assert fill("{{ (1..40000) | uniq | size }}", VALUES) == "40000"
    assert (
        fill("{{ objects | uniq | size }} {{ objects | uniq: 'id' | map: 'id' | join }}", VALUES) == "2 1 2"
    )

    assert time.process_time() - began < 8


def test_what_is_missing_is_empty_or_an_error_for_filters_too():
    assert fill("{{ lost | upcase }}{{ lost | default: 'none' }}{{ lost | join }}", VALUES) == "none"
    with pytest.raises(TemplateMissing, match="'lost' is undefined"):
        fill("{{ lost | upcase }}", VALUES, strict=True)
