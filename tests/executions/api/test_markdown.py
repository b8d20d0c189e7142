"""Drawing Markdown for pages."""

import json

import pytest
from django.test import Client

from spaces.api.markdown import MOST_CHARACTERS, MOST_TEXTS
from tests.factories import make_actor

pytestmark = pytest.mark.django_db


def post(body, **headers):
    return Client().post("/v1/markdown", json.dumps(body), content_type="application/json", headers=headers)


def test_each_text_is_drawn_by_itself():
    answer = post({"texts": ["**a**", "<b>"]}, **make_actor().headers)

    assert answer.status_code == 200
    assert answer.json() == {"data": {"html": ["<p><strong>a</strong></p>\n", "<p>&lt;b&gt;</p>\n"]}}


@pytest.mark.parametrize(
    "texts",
    ["a", [1], ["a"] * (MOST_TEXTS + 1), ["a" * MOST_CHARACTERS, "b"]],
    ids=lambda texts: str(texts)[:9],
)
def test_what_is_no_list_of_texts_of_a_fair_size_is_refused_by_name(texts):
    answer = post({"texts": texts}, **make_actor().headers)

    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][:2] == ["body", "texts"]


def test_strangers_draw_nothing():
    assert post({"texts": ["a"]}).status_code == 401
