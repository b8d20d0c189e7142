"""What is done to everything inside a JSON value comes out the same whether or not it is looked at first."""

import contextlib
import math
from typing import Any

import pytest
from hypothesis import example, given, strategies as st
from pydantic import SecretStr

from executions.catalog.validation import check_storable
from executions.postgres_text import storable, storable_text
from executions.redaction import Redaction
from spaces.errors import Invalid

TEXTS = st.one_of(
    st.text(max_size=6),
    st.text(alphabet="\x00\ud83d\ude00\\u0a\"'", max_size=8),
    st.text(alphabet='ke"y\\1.5', max_size=8),
)
NUMBERS = st.one_of(st.booleans(), st.integers(), st.integers(0, 99), st.floats())
VALUES = st.recursive(
    st.one_of(st.none(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
)
SECRETS = st.dictionaries(
    st.text(alphabet="ab", min_size=1, max_size=3),
    st.one_of(st.text(alphabet='ke"y\\1.5', min_size=1, max_size=8), st.just("True"), st.just("nan")),
    max_size=3,
)


def everywhere(change: Any, value: Any) -> Any:
    """`change` done to all keys and leaves of a value."""
    if isinstance(value, dict):
        return {change(key): everywhere(change, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [everywhere(change, item) for item in value]
    return change(value)


def kept(leaf: Any) -> Any:
    if isinstance(leaf, str):
        return storable_text(leaf)
    return None if isinstance(leaf, float) and not math.isfinite(leaf) else leaf


@given(VALUES)
@example({"\ud83d": ["\x00", "\\u0000", float("nan"), 2**70, (1, True)]})
def test_what_is_stored_is_what_each_text_and_number_is_stored_as(value: Any) -> None:
    assert repr(storable(value)) == repr(everywhere(kept, value))


@given(VALUES)
@example({"a": ["\\u0000", 2**70, 1e300]})
@example([{"\ud83d": 1}])
@example({"a": [float("inf")]})
def test_a_value_is_refused_where_a_text_or_number_in_it_cannot_be_stored(value: Any) -> None:
    is_kept = repr(everywhere(kept, value)) == repr(value)

    with contextlib.nullcontext() if is_kept else pytest.raises(Invalid):
        check_storable(value, loc=["body"])


@given(VALUES, SECRETS)
@example({"1.5": [True, {"k": "a key"}]}, {"a": "key", "b": "True", "c": "1.5"})
def test_a_value_is_redacted_as_each_of_its_texts_and_numbers(value: Any, secrets: dict[str, str]) -> None:
    redaction = Redaction({name: SecretStr(secret) for name, secret in secrets.items()})

    def redacted(leaf: Any) -> Any:
        text = redaction.of_text(str(leaf))
        return leaf if leaf is None or text == str(leaf) else text

    assert repr(redaction.of_json(value)) == repr(everywhere(redacted, value))
