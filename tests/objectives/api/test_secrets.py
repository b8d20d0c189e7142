"""Secrets over HTTP, and their opening for a call."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pydantic import SecretBytes, SecretStr

from objectives.actions.secrets import open_secrets
from objectives.encrypted_fields import SECRETS
from objectives.encryption import CannotOpen
from objectives.ids import Prefix, spell
from objectives.models import Secret, SecretSource
from spaces.models import Role
from tests.factories import NOW, make_actor, make_space
from tests.objectives.factories import make_agent, make_objective, make_secret, make_tool_set, make_variation
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db
WORKSPACE = "/workspace_secrets"


@pytest.fixture
def api():
    return WorkspaceClient(make_actor(role=Role.ADMIN))


@pytest.fixture
def owner(api):
    return {"space": api.actor.space, "created_by": api.actor.principal}


@pytest.fixture(params=["workspace", "tool set"])
def place(request, owner):
    """Where secrets are kept: the path, and the set that owns them."""
    if request.param == "workspace":
        return WORKSPACE, None
    tool_set = make_tool_set(**owner)
    return f"/tool_sets/{spell(Prefix.TOOL_SET, tool_set.id)}/secrets", tool_set


def value_of(row):
    return SECRETS.open(row)


def test_a_secret_is_kept_in_capitals_and_shown_without_its_value(api, place):
    path, tool_set = place

    metadata = {"name": "api_key", "externalId": "k"}
    made = api.post(path, {"metadata": metadata, "spec": {"value": "hunter2-hunter2"}})

    assert made == api.get(f"{path}/external_id:k") == api.get(f"{path}/{made['metadata']['id']}")
    assert (made["metadata"]["name"], made["spec"]) == ("API_KEY", {})
    assert made["metadata"]["id"].startswith("toolsecret_" if tool_set else "wsecret_")
    assert set(made["info"]) == {"createdBy"}
    row = Secret.objects.get()
    assert (row.tool_set, value_of(row)) == (tool_set, "hunter2-hunter2")


def test_a_value_is_replaced_and_a_name_changed_apart(api, owner, place):
    path, tool_set = place
    row = make_secret(**owner, tool_set=tool_set, value="first-value")
    prefix = Prefix.TOOL_SET_SECRET if tool_set else Prefix.WORKSPACE_SECRET
    path = f"{path}/{spell(prefix, row.id)}"

    renamed = api.patch(path, {"metadata": {"name": "other"}})
    row.refresh_from_db()
    assert (renamed["metadata"]["name"], value_of(row)) == ("OTHER", "first-value")

    api.patch(path, {"spec": {"value": "second-value"}, "updateMask": "spec.value"})
    row.refresh_from_db()
    assert (row.name, value_of(row)) == ("OTHER", "second-value")

    assert api.refused("patch", path, {"updateMask": "spec.value"})[:2] == (400, 3)
    assert api.delete(path) == {}
    assert not Secret.objects.exists()


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"metadata": {"name": "A"}, "spec": {}}, "spec.value: A value is required."),
        ({"metadata": {"name": "A"}, "spec": {"value": ""}}, "spec.value: "),
        ({"metadata": {"name": "A"}, "spec": {"value": 5}}, "spec.value: "),
        ({"metadata": {"name": "A"}, "spec": {"value": "a\0"}}, "spec.value: "),
        ({"metadata": {"name": "A"}, "spec": {"value": "x" * 65_537}}, "spec.value: "),
        ({"metadata": {"name": "A-B"}, "spec": {"value": "x"}}, "metadata.name: A secret's name must start"),
        ({"metadata": {"name": "1A"}, "spec": {"value": "x"}}, "metadata.name: "),
        ({"metadata": {"name": "É"}, "spec": {"value": "x"}}, "metadata.name: "),
    ],
)
def test_what_is_wrong_with_a_secret_is_told_with_its_path(api, body, path):
    status, code, message = api.refused("post", WORKSPACE, body)

    assert (status, code) == (400, 3)
    assert message.startswith(path), message
    assert not Secret.objects.exists()


def test_a_name_stands_once_in_each_place(api, owner, place):
    path, tool_set = place
    make_secret(**owner, tool_set=tool_set, name="A", external_id="a")
    other = make_secret(**owner, tool_set=tool_set, name="B")
    elsewhere = None if tool_set else make_tool_set(**owner)
    make_secret(**owner, tool_set=elsewhere, name="A", external_id="a")
    prefix = Prefix.TOOL_SET_SECRET if tool_set else Prefix.WORKSPACE_SECRET
    value = {"spec": {"value": "x"}}

    again = api.refused("post", path, {"metadata": {"name": "a"}, **value})
    renamed = api.refused("patch", f"{path}/{spell(prefix, other.id)}", {"metadata": {"name": "a"}})
    external = api.refused("post", path, {"metadata": {"name": "C", "externalId": "a"}, **value})

    assert again == renamed == (409, 6, "A secret with that name already exists.")
    assert external[:2] == (409, 6)


def test_each_place_lists_its_own(api, owner, place):
    path, tool_set = place
    for number in range(3):
        created_at = NOW + timedelta(seconds=number)
        make_secret(**owner, tool_set=tool_set, name=f"S{number}", created_at=created_at)
    make_secret(**owner, tool_set=make_tool_set(**owner), name="ELSEWHERE")
    if tool_set:
        make_secret(**owner, name="WIDE")

    first = api.get(path, limit=2)
    second = api.get(path, cursor=first["pagination"]["nextCursor"], limit=2)

    assert [item["metadata"]["name"] for item in first["items"] + second["items"]] == ["S2", "S1", "S0"]
    assert [item["metadata"]["name"] for item in api.get(path, query="1")["items"]] == ["S1"]
    assert "info" not in first["items"][0]
    assert "createdBy" in api.get(path, includeInfo="true")["items"][0]["info"]


def test_a_secret_is_found_only_where_it_is_and_by_its_own_spelling(api, owner, place):
    path, tool_set = place
    wide, narrow = make_secret(**owner), make_secret(**owner, tool_set=make_tool_set(**owner))
    mine = make_secret(**owner, tool_set=tool_set, name="MINE")
    wrong = Prefix.WORKSPACE_SECRET if tool_set else Prefix.TOOL_SET_SECRET

    assert api.refused("get", f"{path}/{spell(Prefix.TOOL_SET_SECRET, narrow.id)}")[:2] == (404, 5)
    assert api.refused("get", f"{path}/{spell(wrong, mine.id)}")[:2] == (404, 5)
    assert api.refused("get", f"{path}/{spell(wrong, wide.id)}")[:2] == (404, 5)


@pytest.mark.parametrize("permission", ["secrets:read", "tools:manage", "*:read"])
def test_only_who_manages_secrets_sees_even_their_names(permission):
    api = WorkspaceClient(make_actor(role=Role.ADMIN, permissions=(permission,)))

    assert api.refused("get", WORKSPACE)[:2] == (403, 7)
    body = {"metadata": {"name": "A"}, "spec": {"value": "x"}}
    assert api.refused("post", WORKSPACE, body)[:2] == (403, 7)


def test_the_nearest_secret_is_opened(owner):
    tool_set = make_tool_set(**owner)
    objective = make_objective(variation=make_variation(agent=make_agent(**owner)))
    for name in ("A", "B", "C"):
        make_secret(**owner, name=name, value=f"{name} of the workspace")
    for name in ("A", "B"):
        make_secret(**owner, name=name, value=f"{name} of the set", tool_set=tool_set)
    make_secret(**owner, name="A", value="A of the objective", objective=objective)
    make_secret(**owner, name="D", tool_set=make_tool_set(**owner))
    stranger = make_actor(role=Role.ADMIN, space=make_space())
    make_secret(space=stranger.space, created_by=stranger.principal, name="E")
    space_id = owner["space"].id

    opened = open_secrets(space_id, tool_set.id, objective.id, ["a", "B", "C", "D", "E"])
    alone = open_secrets(space_id, None, None, ["A"])

    assert opened == {
        "A": (SecretStr("A of the objective"), SecretSource.OBJECTIVE),
        "B": (SecretStr("B of the set"), SecretSource.TOOL_SET),
        "C": (SecretStr("C of the workspace"), SecretSource.WORKSPACE),
    }
    assert alone == {"A": (SecretStr("A of the workspace"), SecretSource.WORKSPACE)}
    assert "of the" not in repr(opened)


def test_what_cannot_be_opened_is_said_without_a_value(owner, settings):
    settings.ENCRYPTION_KEYS = {"gone": SecretBytes(b"g" * 32)}
    make_secret(**owner, name="A", value="hunter2-hunter2")
    settings.ENCRYPTION_KEYS = {}

    with pytest.raises(CannotOpen, match="encrypted with the key 'gone'"):
        open_secrets(owner["space"].id, None, None, ["A"])


@pytest.mark.django_db(transaction=True)
def test_use_is_noted_once_a_minute_after_the_callers_transaction(owner):
    row = make_secret(**owner, name="A")
    space_id = owner["space"].id

    with transaction.atomic():
        open_secrets(space_id, None, None, ["A"])
        row.refresh_from_db()
        assert row.last_used_at is None

    row.refresh_from_db()
    first = row.last_used_at
    assert timezone.now() - first < timedelta(seconds=30)
    open_secrets(space_id, None, None, ["A"])
    row.refresh_from_db()
    assert row.last_used_at == first
    Secret.objects.update(last_used_at=first - timedelta(minutes=2))
    open_secrets(space_id, None, None, ["A"])
    row.refresh_from_db()
    assert row.last_used_at >= first


@pytest.mark.django_db(transaction=True)
def test_noting_the_use_waits_for_nobody(owner):
    row = make_secret(**owner, name="A", value="v")
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM objectives_secret WHERE id = %s FOR UPDATE", [row.id])
            with connection.cursor() as ours:
                ours.execute("SET lock_timeout = '1s'")

            opened = open_secrets(owner["space"].id, None, None, ["A"])
    finally:
        other.rollback()
        other.close()

    assert opened["A"][0].get_secret_value() == "v"
    row.refresh_from_db()
    assert row.last_used_at is None
