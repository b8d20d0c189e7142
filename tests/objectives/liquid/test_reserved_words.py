"""Fields of values that are called like words of Liquid."""

import pytest
from liquid.builtin.expressions import _tokenize

from objectives.liquid.reserved_words import _WORDS
from objectives.liquid.templates import fill

DATA = {"page": {word: {"x": word} for word in _WORDS.split()}, "rows": {"limit": [1, 2, 3]}, "limit": "bare"}


@pytest.mark.parametrize("word", _WORDS.split())
def test_a_field_may_be_called_like_a_word_of_liquid(word):
    assert fill(f"{{{{ page.{word}.x }}}} {{{{ page.{word}.x | upcase }}}}", DATA) == f"{word} {word.upper()}"


def test_all_words_of_the_library_are_known():
    assert set(_WORDS.split()) == _tokenize._keywords


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{% for one in rows.limit limit: 2 reversed %}{{ one }}{% endfor %}", "21"),
        ("{% for one in rows.limit reversed %}{{ one }}{% endfor %}", "321"),
        ("{% if rows.limit contains 2 and page.in.x == 'in' %}yes{% endif %}", "yes"),
        ('{{ "page.in.x" }}', "page.in.x"),
        ("{{ 'say \"page.in\"' }}{{ page.in.x }}", 'say "page.in"in'),
        ("page.in {{ page['in'].x }}", "page.in in"),
        ("{{ page.limited }}{{ page.in-x }}{{ rows.limit.size }}", "3"),
        ("{% assign x = page.offset.x %}{{ x }}", "offset"),
        ("{% liquid assign x = page.cols.x\n echo x %}", "cols"),
        ("{{ page[page.as.x].x }}", "as"),
    ],
)
def test_words_keep_their_meaning_where_they_are_no_fields(template, text):
    assert fill(template, DATA) == text
