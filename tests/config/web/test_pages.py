"""The public pages load nothing but our own files, and hold no data themselves."""

import re
from urllib.parse import quote

import pytest
from django.contrib.staticfiles import finders
from django.test import Client, RequestFactory
from pytest_django import Settings

from config.errors import fallback_views
from spaces.models import Membership, Principal
from tests.admin.desk import client_of, make_staff, operator_client
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


def test_the_landing_page_asks_nobody_who_is_signed_in_to_sign_in():
    tenant = make_actor().tenant
    ada = Principal.objects.create(tenant=tenant, email="ada@example.com", display_name="Ada", created_at=NOW)
    staff = make_staff(permissions=("view_skillexecution",))

    alone = client_of(ada).get("/").content.decode()
    colleague = client_of(staff).get("/").content.decode()
    stranger = Client().get("/").content.decode()

    assert 'href="/sign-in"' not in alone + colleague
    assert 'href="/sign-in"' in stranger
    assert "You are a member of no space yet" in alone
    assert "your work is in the admin." in colleague
    assert [page.count('href="/admin/"') for page in (alone, colleague, stranger)] == [0, 2, 2]


def test_who_is_no_operator_is_told_so_instead_of_asked_for_a_password():
    ada = Principal.objects.create(
        tenant=make_actor().tenant, email="ada@example.com", display_name="<Ada>", created_at=NOW
    )

    answer = client_of(ada).get("/admin/", follow=True)

    page = answer.content.decode()
    assert answer.status_code == 403
    assert "This account is not an operator" in page
    assert "<bdi>&lt;Ada&gt;</bdi>" in page
    assert 'name="password"' not in page
    assert 'href="/admin/"' not in page
    assert 'name="password"' in Client().get("/admin/", follow=True).content.decode()


def test_people_sign_out_where_they_are():
    actor = make_actor()
    client = operator_client()

    for path in pages(actor).values():
        assert 'action="/sign-out"' in client.get(path).content.decode()
        assert "/sign-out" not in Client().get(path).content.decode()
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out").headers["Location"] == "/"

    assert client.get("/admin/").headers["Location"].startswith("/admin/login/")


def test_only_staff_are_led_from_the_board_to_the_admin():
    actor = make_actor()
    ada = Principal.objects.create(
        tenant=actor.tenant, email="ada@example.com", display_name="Ada", created_at=NOW
    )

    assert "data-desk" in operator_client().get(f"/spaces/{actor.space.id}").content.decode()
    assert "data-desk" not in client_of(ada).get(f"/spaces/{actor.space.id}").content.decode()


def test_the_pages_may_show_pictures_of_a_bucket_that_hands_them_out_itself(settings: Settings):
    options = {"bucket_name": "kept", "endpoint_url": "https://s3.example.com", "region_name": "eu-1"}
    keys = {"access_key": "a", "secret_key": "b", "signed_links": True}
    bucket = {"BACKEND": "spaces.s3_storage.BucketStorage", "OPTIONS": {**options, **keys}}
    settings.STORAGES = {**settings.STORAGES, "blobs": bucket}

    for client, path in ((Client(), "/"), (operator_client(), "/admin/")):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert re.search(r"img-src 'self' https://[\w.]*s3\.example\.com;", policy)


@pytest.mark.parametrize("path", ["/nowhere", "/admin/nowhere/"])
def test_a_path_that_leads_nowhere_says_so_and_leads_home(path: str):
    answer = operator_client().get(path)

    assert answer.status_code == 404
    assert "There is nothing here." in answer.content.decode()
    assert 'href="/"' in answer.content.decode()


def test_our_own_failure_is_a_page_that_needs_nothing_else(rf: RequestFactory):
    answer = fallback_views.server_error(rf.get("/spaces/1"))

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
