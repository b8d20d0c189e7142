"""Keys are shown once and revoked for good; people get passwords, machines do not."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from spaces.keys import Unauthenticated, caller_of_token
from spaces.models import ApiKey, Principal, Role, Space, Tenant
from tests.admin.desk import client_of, make_staff, operator_client
from tests.admin.forms import filled
from tests.factories import NOW, Actor, make_actor, make_operator, make_space

pytestmark = pytest.mark.django_db
ADD_KEY = "/admin/spaces/apikey/add/"
ADD_PRINCIPAL = "/admin/spaces/principal/add/"


def key_form(actor: Actor, **fields: Any):
    return {
        "principal": actor.principal.pk,
        "name": "chat",
        "permissions": "executions:read, files:manage",
        "spaces": [actor.space.pk],
        **fields,
    }


def shown_token(answer: HttpResponse):
    return answer.content.decode().split('id="token">')[1].split("<")[0]


def test_a_new_key_is_shown_once_and_works():
    actor = make_actor()
    client = operator_client()

    answer = client.post(ADD_KEY, key_form(actor))
    token = shown_token(answer)
    caller = caller_of_token(token, now=timezone.now(), space_id=actor.space.id)

    assert "no-store" in answer.headers["Cache-Control"]
    assert caller.permissions == {"executions:read", "files:manage"}
    assert list(caller.api_key.spaces.all()) == [actor.space]
    later = client.get(reverse("admin:spaces_apikey_change", args=(caller.api_key.pk,)))
    assert token not in later.content.decode()
    assert token not in str(client.cookies)
    assert token not in client.get("/admin/").content.decode()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"permissions": "everything"}, "is not `resource:read`"),
        ({"spaces": []}, "Choose spaces, or all spaces of the principal."),
    ],
)
def test_a_key_that_would_mean_nothing_is_refused_at_its_field(fields: dict[str, Any], problem: str):
    actor = make_actor()
    before = ApiKey.objects.count()

    answer = operator_client().post(ADD_KEY, key_form(actor, **fields))

    assert problem in answer.content.decode()
    assert ApiKey.objects.count() == before


def test_a_key_never_reaches_another_tenant_nor_stands_for_an_operator():
    actor, foreign = make_actor(), make_space()
    client = operator_client()
    before = ApiKey.objects.count()

    other = client.post(ADD_KEY, key_form(actor, spaces=[foreign.pk])).content.decode()
    operator = Principal.objects.get(is_superuser=True)
    master = client.post(ADD_KEY, key_form(actor, principal=operator.pk)).content.decode()

    assert "A key reaches only spaces of its principal" in other
    assert "An operator works by session" in master
    assert ApiKey.objects.count() == before


def test_a_key_is_revoked_after_a_confirmation_and_by_those_who_may():
    actor = make_actor()
    url = reverse("admin:spaces_apikey_revoke", args=(actor.key.pk,))
    operator = operator_client()

    assert "Revoke this key?" in operator.get(url).content.decode()
    assert caller_of_token(actor.token, now=timezone.now())
    staff = client_of(make_staff(permissions=("view_apikey",)))
    assert staff.post(url, {"_form_submitted": "on"}).status_code == 403
    operator.post(url, {"_form_submitted": "on"})

    with pytest.raises(Unauthenticated):
        caller_of_token(actor.token, now=timezone.now())


def test_a_key_is_never_edited():
    actor = make_actor()
    before = ApiKey.objects.values().get(pk=actor.key.pk)

    url = reverse("admin:spaces_apikey_change", args=(actor.key.pk,))
    answer = operator_client().post(url, {"name": "other", "permissions": "*", "digest": "00"})

    assert answer.status_code == 403
    assert ApiKey.objects.values().get(pk=actor.key.pk) == before


def test_a_person_is_made_with_a_password_and_signs_in():
    tenant = make_actor().tenant
    form = {
        "kind": "person",
        "tenant": tenant.pk,
        "email": "ada@example.com",
        "display_name": "Ada",
        "password1": "correct horse battery",
        "password2": "correct horse battery",
    }

    operator_client().post(ADD_PRINCIPAL, form)
    signed_in = Client().post(
        "/sign-in", {"username": "ada@example.com", "password": "correct horse battery"}
    )

    assert Principal.objects.get(email="ada@example.com").tenant == tenant
    assert (signed_in.status_code, signed_in.headers["Location"]) == (302, "/")


def test_a_machine_is_made_without_a_password():
    tenant = make_actor().tenant
    form = {"kind": "machine", "tenant": tenant.pk, "display_name": "chat backend"}
    client = operator_client()

    client.post(ADD_PRINCIPAL, form)
    machine = Principal.objects.get(display_name="chat backend")

    assert not machine.has_usable_password()
    assert machine.email is None
    assert client.get(f"/admin/spaces/principal/{machine.pk}/password/").status_code == 403


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"email": ""}, "A person needs an email address to sign in."),
        ({"password1": "", "password2": ""}, "This field is required."),
        ({"password1": "short", "password2": "short"}, "too short"),
    ],
)
def test_a_person_who_could_not_sign_in_is_refused_at_the_field(fields: dict[str, Any], problem: str):
    form = {
        "kind": "person",
        "email": "ada@example.com",
        "display_name": "Ada",
        "password1": "correct horse battery",
        "password2": "correct horse battery",
    }

    answer = operator_client().post(ADD_PRINCIPAL, {**form, **fields})

    assert problem in answer.content.decode()
    assert not Principal.objects.filter(display_name="Ada").exists()


def make_person(*, tenant: Tenant | None = None):
    return Principal.objects.create(
        tenant=tenant, email="ada@example.com", display_name="Ada", password="!", created_at=NOW
    )


def save(client: Client, principal: Principal, **changes: Any):
    url = reverse("admin:spaces_principal_change", args=(principal.pk,))
    return client.post(url, filled(client.get(url), "principal_form", **changes))


def test_a_colleague_is_added_and_works_by_the_permissions_of_a_group():
    viewers = Group.objects.create(name="Viewers")
    viewers.permissions.add(Permission.objects.get(codename="view_skillexecution"))
    client = operator_client()
    password = "correct horse battery"
    form = {"kind": "person", "email": "ada@example.com", "display_name": "Ada"}

    client.post(ADD_PRINCIPAL, {**form, "password1": password, "password2": password})
    ada = Principal.objects.get(email="ada@example.com")
    saved = save(client, ada, is_staff="on", groups=[str(viewers.pk)])

    assert saved.status_code == 302
    colleague = Client()
    signed_in = {"username": "ada@example.com", "password": password, "next": "/admin/"}
    assert colleague.post("/admin/login/", signed_in).headers["Location"] == "/admin/"
    assert colleague.get("/admin/executions/skillexecution/").status_code == 200
    assert colleague.get("/admin/spaces/tenant/").status_code == 403


def test_an_operator_is_renamed_and_stays_one():
    client = operator_client()
    operator = Principal.objects.get(is_superuser=True)

    save(client, operator, display_name="Olga")

    operator.refresh_from_db()
    assert (operator.display_name, operator.is_staff, operator.is_superuser) == ("Olga", True, True)


def test_a_person_keeps_an_email_when_changed():
    ada = make_person()

    answer = save(operator_client(), ada, email="")

    assert "A person needs an email address to sign in." in answer.content.decode()
    ada.refresh_from_db()
    assert ada.email == "ada@example.com"


@pytest.mark.parametrize("power", ["is_staff", "is_superuser"])
def test_people_of_a_tenant_and_machines_are_never_made_staff(power: str):
    actor = make_actor()
    ada = make_person(tenant=actor.tenant)
    client = operator_client()

    of_tenant = save(client, ada, **{power: "on"}).content.decode()
    machine = save(client, actor.principal, **{power: "on"}).content.decode()

    assert "its staff belong to none." in of_tenant
    assert "Only people can open the admin." in machine
    assert Principal.objects.filter(is_staff=True).count() == 1
    assert Principal.objects.filter(is_superuser=True).count() == 1


def test_staff_never_reach_above_themselves():
    operator = make_operator()
    staff = make_staff(permissions=("view_principal", "change_principal"))
    client = client_of(staff)
    form = {"display_name": "x", "email": "staff@example.com", "is_active": "on", "is_superuser": "on"}

    for target in (operator, staff):
        client.post(f"/admin/spaces/principal/{target.pk}/change/", form)
        password = {"password1": "correct horse 2 battery", "password2": "correct horse 2 battery"}
        assert client.post(f"/admin/spaces/principal/{target.pk}/password/", password).status_code == 403

    staff.refresh_from_db()
    operator.refresh_from_db()
    assert not staff.is_superuser
    assert operator.check_password("correct horse battery")


def test_a_tenant_and_a_space_with_its_members_are_made_in_the_admin():
    client = operator_client()
    client.post("/admin/spaces/tenant/add/", {"name": "Northwind"})
    tenant = Tenant.objects.get(name="Northwind")
    policy = {"permitted_tools": ["artifact.commit"], "allowed_models": ["demo"], "default_model": "demo"}
    client.post("/admin/spaces/space/add/", {"tenant": tenant.pk, "name": "Desk", **policy})
    space = Space.objects.get(name="Desk")
    machine = Principal.objects.create(
        tenant=tenant, kind="machine", display_name="m", created_at=timezone.now()
    )
    members = {
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "0",
        "memberships-0-principal": machine.pk,
        "memberships-0-role": "viewer",
    }

    client.post(f"/admin/spaces/space/{space.pk}/change/", {"name": "Desk 2", **policy, **members})

    space.refresh_from_db()
    assert (space.name, space.tenant, space.permitted_tools) == ("Desk 2", tenant, ["artifact.commit"])
    assert [member.role for member in space.memberships.all()] == [Role.VIEWER]


def test_choosing_a_principal_by_typing_does_not_count():
    make_actor()
    query = {"app_label": "spaces", "model_name": "apikey", "field_name": "principal", "term": "own"}

    answer = operator_client().get("/admin/autocomplete/", query).json()

    assert [found["text"] for found in answer["results"]] == ["owner"]
