"""The public pages load nothing but our own files, and hold no data themselves."""

import re
from urllib.parse import quote

import pytest
from django.contrib.staticfiles import finders
from django.test import Client, RequestFactory

from config import fallbacks
from spaces.models import Membership, Principal
from tests.admin.desk import client_of, operator_client
from tests.factories import NOW, Actor, make_actor, make_space

pytestmark = pytest.mark.django_db


def pages(actor: Actor):
    call = quote("functions.x:0 /<b>?", safe="")
    return {
        "landing": "/",
        "sign in": "/sign-in",
        "watch": f"/watch/{actor.space.id}/{call}",
        "run": f"/spaces/{actor.space.id}/executions/{actor.space.id}",
        "board": f"/spaces/{actor.space.id}",
    }


@pytest.mark.parametrize("name", ["landing", "sign in", "watch", "run", "board"])
def test_a_strict_policy_holds_and_the_page_keeps_it(name: str):
    answer = Client().get(pages(make_actor())[name])
    html = answer.content.decode()

    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["img-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in str(policy)
    assert not re.findall(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=|<style", html)
    loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', html)
    assert loaded
    assert [path for path in loaded if finders.find(path.removeprefix("/static/")) is None] == []
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', html)


def test_a_page_says_nothing_about_a_space_not_even_whether_it_exists():
    actor = make_actor()
    known = Client().get(f"/spaces/{actor.space.id}").content.decode()

    other = "0199aaaa-0000-7000-8000-000000000000"
    unknown = Client().get(f"/spaces/{other}").content.decode()

    assert known.replace(str(actor.space.id), "ID") == unknown.replace(other, "ID")


def test_an_invented_tool_call_id_stays_text():
    html = Client().get(pages(make_actor())["watch"]).content.decode()

    assert "functions.x:0 /&lt;b&gt;?" in html
    assert "<b>?" not in html


def test_the_landing_page_leads_people_to_their_own_boards():
    actor, foreign = make_actor(), make_space(name="Foreign")
    person = Principal.objects.create(
        tenant=actor.tenant, email="ada@example.com", display_name="Ada", created_at=NOW
    )
    Membership.objects.create(space=actor.space, principal=person, role="viewer", created_at=NOW)

    mine = client_of(person).get("/").content.decode()
    operators = operator_client().get("/").content.decode()
    strangers = Client().get("/").content.decode()

    assert f"/spaces/{actor.space.id}" in mine
    assert str(foreign.id) not in mine
    assert f"/spaces/{foreign.id}" in operators
    assert "/spaces/" not in strangers
    assert "/sign-in" in strangers


@pytest.mark.parametrize("path", ["/nowhere", "/admin/nowhere/"])
def test_a_path_that_leads_nowhere_says_so_and_leads_home(path: str):
    answer = operator_client().get(path)

    assert answer.status_code == 404
    assert "There is nothing here." in answer.content.decode()
    assert 'href="/"' in answer.content.decode()


def test_our_own_failure_is_a_page_that_needs_nothing_else(rf: RequestFactory):
    answer = fallbacks.server_error(rf.get("/spaces/1"))

    assert answer.status_code == 500
    assert answer.content.startswith(b"<!doctype html>")
    assert b"/static/" not in answer.content


def test_a_wrong_password_is_refused_and_leads_nowhere_else():
    form = {"username": "nobody@example.com", "password": "x", "next": "https://evil.example.com/"}

    refused = Client().post("/sign-in", form)
    operator_client()
    form |= {"username": "operator@example.com", "password": "correct horse battery"}
    accepted = Client().post("/sign-in", form)

    assert "Please enter a correct" in refused.content.decode()
    assert accepted.headers["Location"] == "/"
