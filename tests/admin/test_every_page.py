"""Every page of the admin opens for an operator, for staff where they may look, and for nobody else."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from executions.models import Artifact, Skill, SkillExecution, SkillVersion, WorkerNode
from objectives.models import (
    Agent,
    AgentVariation,
    ApprovalStatus,
    LanguageModel,
    Objective,
    ProviderKey,
    Secret,
    Tool,
    ToolCall,
    ToolSet,
)
from spaces.models import ApiKey, Blob, Principal, PrincipalKind, Space, Tenant, UploadedFile
from tests.admin.desk import begin, client_of, keep_picture, make_execution, make_staff, operator_client
from tests.admin.forms import filled
from tests.factories import NOW, make_actor, make_skill
from tests.objectives.factories import make_model, make_provider_key, make_secret, make_tool, make_tool_set
from tests.objectives.runs import ask_for, begin_objective, make_published_agent

pytestmark = pytest.mark.django_db
EVERY_MODEL = sorted(admin.site._registry, key=lambda model: model._meta.label)


def make_one_of_everything():
    actor = make_actor()
    make_skill()
    keep_picture(begin(make_execution(actor=actor)))
    UploadedFile.objects.create(
        tenant=actor.tenant,
        principal=actor.principal,
        name="orders.csv",
        blob=Blob.objects.first(),
        created_at=NOW,
    )
    WorkerNode.objects.create(host="w1", pid=7, concurrency=4, started_at=NOW, seen_at=NOW)
    Group.objects.create(name="Support")
    make_staff(permissions=("view_skillexecution",), email="ben@example.com")
    Principal.objects.create(tenant=actor.tenant, email="eve@example.com", display_name="Eve", created_at=NOW)
    made = {"space": actor.space, "created_by": actor.principal}
    tool = make_tool(tool_set=make_tool_set(**made), requires_approval=True)
    objective = begin_objective(actor, make_published_agent(actor, tool))
    ask_for(objective, "find_order", approval=ApprovalStatus.WAITING_FOR_APPROVAL)
    make_secret(**made)
    make_model(provider_key=make_provider_key(credential={"apiKey": "k"}, **made))
    return actor


def names(model: type[Model]):
    return f"admin:{model._meta.app_label}_{model._meta.model_name}"


def test_the_admin_holds_what_operators_need_and_no_queue_tables():
    expected = {
        Agent,
        AgentVariation,
        LanguageModel,
        Objective,
        ProviderKey,
        Secret,
        Tool,
        ToolCall,
        ToolSet,
        ApiKey,
        Artifact,
        Group,
        Principal,
        Skill,
        SkillExecution,
        SkillVersion,
        Space,
        Tenant,
        UploadedFile,
        WorkerNode,
    }

    assert set(EVERY_MODEL) == expected


@pytest.mark.parametrize("model", EVERY_MODEL, ids=lambda model: model.__name__)
def test_an_operator_opens_list_search_page_and_form(model: type[Model]):
    make_one_of_everything()
    client = operator_client()
    row = model._default_manager.first()
    listing = reverse(f"{names(model)}_changelist")

    assert client.get(listing).status_code == 200
    assert client.get(listing, {"q": "nothing like it"}).status_code == 200
    assert client.get(listing, {"q": str(row.pk)}).status_code == 200
    assert client.get(reverse(f"{names(model)}_change", args=(row.pk,))).status_code == 200
    model_admin = admin.site.get_model_admin(model)
    request = client.get(listing).wsgi_request
    wanted = 200 if model_admin.has_add_permission(request) else 403
    assert client.get(reverse(f"{names(model)}_add")).status_code == wanted


@pytest.mark.parametrize("model", EVERY_MODEL, ids=lambda model: model.__name__)
def test_an_operator_saves_each_form_as_it_stands_and_changes_nothing(model: type[Model]):
    make_one_of_everything()
    client = operator_client()
    for row in model._default_manager.all():
        url = reverse(f"{names(model)}_change", args=(row.pk,))
        page = client.get(url)
        if not admin.site.get_model_admin(model).has_change_permission(page.wsgi_request, row):
            continue
        before = model._default_manager.values().get(pk=row.pk)

        saved = client.post(url, filled(page, f"{model._meta.model_name}_form"))

        assert saved.status_code == 302, saved.context["errors"]
        assert model._default_manager.values().get(pk=row.pk) == before


@pytest.mark.parametrize("model", EVERY_MODEL, ids=lambda model: model.__name__)
def test_times_read_alike_and_with_their_zone(model: type[Model]):
    make_one_of_everything()
    client = operator_client()
    row = model._default_manager.first()

    for url in (reverse(f"{names(model)}_changelist"), reverse(f"{names(model)}_change", args=(row.pk,))):
        page = client.get(url).content.decode()
        assert re.findall(r"[ap]\.m\.|\b(?:noon|midnight)\b|\w{3,4}\. \d{1,2}, 20\d\d", page) == []
        shown = re.findall(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d(.{4})", page)
        assert set(shown) <= {" UTC"}


@pytest.mark.parametrize("model", EVERY_MODEL, ids=lambda model: model.__name__)
def test_strangers_and_people_of_tenants_see_the_sign_in_page(model: type[Model]):
    actor = make_one_of_everything()
    person = Principal.objects.create(
        tenant=actor.tenant, kind=PrincipalKind.PERSON, email="ada@example.com", created_at=NOW
    )
    row = model._default_manager.first()

    for client in (Client(), client_of(person)):
        for url in (
            reverse(f"{names(model)}_changelist"),
            reverse(f"{names(model)}_change", args=(row.pk,)),
        ):
            assert client.get(url).headers["Location"].startswith("/admin/login/")


def test_staff_see_what_their_permissions_say():
    actor = make_one_of_everything()
    client = client_of(make_staff(permissions=("view_skillexecution",)))
    execution = SkillExecution.objects.get()

    assert client.get(reverse(f"{names(SkillExecution)}_changelist")).status_code == 200
    assert client.get(reverse(f"{names(SkillExecution)}_change", args=(execution.pk,))).status_code == 200
    assert client.get(reverse(f"{names(Tenant)}_change", args=(actor.tenant.pk,))).status_code == 403
    assert client.get("/admin/").status_code == 200


def test_staff_without_the_permission_cannot_open_an_execution():
    make_one_of_everything()
    client = client_of(make_staff(permissions=("view_tenant",)))

    answer = client.get(reverse(f"{names(SkillExecution)}_change", args=(SkillExecution.objects.get().pk,)))

    assert answer.status_code == 403


READ_ONLY = [Artifact, SkillExecution, SkillVersion, UploadedFile, WorkerNode]
READ_ONLY += [Agent, AgentVariation, LanguageModel, Objective, ProviderKey, Secret, Tool, ToolCall, ToolSet]


@pytest.mark.parametrize("model", READ_ONLY)
def test_what_machines_write_cannot_be_made_changed_or_deleted(model: type[Model]):
    make_one_of_everything()
    client = operator_client()
    row = model._default_manager.first()
    before = model._default_manager.values().get(pk=row.pk)

    made = client.post(reverse(f"{names(model)}_add"), {})
    deleted = client.post(reverse(f"{names(model)}_delete", args=(row.pk,)), {"post": "yes"})
    many = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
    client.post(reverse(f"{names(model)}_changelist"), many)
    client.post(reverse(f"{names(model)}_change", args=(row.pk,)), {"state": "succeeded", "host": "x"})

    assert (made.status_code, deleted.status_code) == (403, 403)
    assert model._default_manager.values().get(pk=row.pk) == before


def test_an_unknown_execution_is_a_404():
    client = operator_client()

    assert client.get("/admin/executions/skillexecution/nonsense/change/").status_code == 404
    unknown = "0199aaaa-0000-7000-8000-000000000000"
    assert client.get(f"/admin/executions/skillexecution/{unknown}/change/").status_code == 404


def test_the_desk_shows_what_runs_waits_and_works():
    make_one_of_everything()

    page = operator_client().get("/admin/").content.decode()

    assert "Executions running now" in page
    assert "w1:7" in page
    assert "gone" in page
