"""Eight kinds of resources, one way to change them: what a PATCH does to one it does to all."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from objectives.ids import Prefix, spell
from objectives.models import Agent, AgentVariation, LanguageModel, ProviderKey, Secret, Tool, ToolSet
from objectives.models.resource import Resource
from spaces.models import ApiKey, Role
from tests.factories import make_actor
from tests.objectives.factories import make_agent, make_secret, make_tool_set, make_variation
from tests.objectives.resources import KINDS, client_of, columns, path_of_variation
from tests.objectives.workspace_client import WorkspaceClient

every_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


@pytest.fixture
def actor():
    return make_actor(role=Role.ADMIN)


@pytest.fixture
def api(actor, kind):
    return client_of(actor, kind)


def test_the_kinds_are_all_that_have_a_name_and_change():
    """Whatever else becomes a resource is to behave like these."""
    known = {Agent, AgentVariation, ToolSet, Tool, LanguageModel, ProviderKey, Secret}

    assert set(Resource.__subclasses__()) == known
    assert len(KINDS) == len(known | {ApiKey})


@pytest.mark.django_db
@every_kind
@pytest.mark.parametrize(
    "patch",
    [
        {},
        {"metadata": {}, "spec": {}},
        {"spec": {"nothingOfThatName": 1}},
        {"metadata": {"name": "KEPT", "labels": {"team": "north"}, "externalId": "ours"}},
    ],
    ids=["empty", "empty parts", "unknown field", "what it says already"],
)
def test_a_patch_that_changes_nothing_writes_nothing(api, kind, patch):
    row = kind.make(api, name="KEPT", labels={"team": "north"}, external_id="ours")
    before = columns(row)

    answer = api.patch(kind.path(row), patch)

    assert answer["metadata"]["name"] == "KEPT"
    assert "updatedAt" not in answer["metadata"]
    assert columns(row) == before


@pytest.mark.django_db
@every_kind
def test_what_changes_is_said_with_the_time_and_nothing_else_is_touched(api, kind):
    row = kind.make(api, name="KEPT", labels={"team": "north"}, **{**kind.filled, "external_id": "ours"})
    before = columns(row)

    answer = api.patch(kind.path(row), {"metadata": {"labels": {"team": "south"}}})

    after = columns(row)
    expected = {"labels"} | ({"updated_at"} if isinstance(row, Resource) else set())
    assert {name for name, value in after.items() if value != before[name]} == expected
    assert answer["metadata"]["labels"] == {"team": "south"}
    assert isinstance(row, Resource) == ("updatedAt" in answer["metadata"])


@pytest.mark.django_db
@every_kind
@pytest.mark.parametrize("mask", ["spec.nothingOfThatName", "metadata.id", "nothing.at.all"])
def test_an_unknown_path_in_the_mask_is_refused(api, kind, mask):
    row = kind.make(api)
    before = columns(row)

    refused = api.refused("patch", kind.path(row), {"metadata": {"name": "NEW"}, "updateMask": mask})

    assert refused[:2] == (400, 3)
    assert refused[2].startswith("updateMask: ")
    assert columns(row) == before


@pytest.mark.django_db
@every_kind
def test_a_field_that_the_mask_names_and_the_body_leaves_out_is_cleared(api, kind):
    column = next(iter(kind.filled))
    row = kind.make(api, labels={"team": "north"}, **kind.filled)
    assert columns(row)[column]

    api.patch(kind.path(row), {"updateMask": f"{kind.clears},metadata.labels"})

    after = columns(row)
    assert (after[column], after["labels"]) == ("", {})


@pytest.mark.django_db
@every_kind
def test_a_name_cannot_be_cleared(api, kind):
    row = kind.make(api)
    before = columns(row)

    refused = api.refused("patch", kind.path(row), {"updateMask": "metadata.name"})

    assert refused == (400, 3, "metadata.name: A name cannot be cleared.")
    assert columns(row) == before


@pytest.mark.django_db
@every_kind
def test_an_external_id_that_another_has_is_refused(api, kind):
    kind.make(api, name="FIRST", external_id="taken")
    row = kind.make(api, name="SECOND", external_id="own")
    before = columns(row)

    wanted = {"metadata": {"name": "THIRD", "externalId": "taken"}}
    refused = api.refused("patch", kind.path(row), wanted)

    assert refused == (409, 6, "That external id is already taken.")
    assert columns(row) == before


@pytest.mark.django_db
@every_kind
@pytest.mark.parametrize(
    ("wanted", "at"),
    [
        ({"labels": {"no spaces": "x"}}, "metadata.labels.no spaces: "),
        ({"externalId": "a/b"}, "metadata.externalId: "),
        ({"name": ""}, "metadata.name: "),
    ],
)
def test_a_wrong_identity_is_refused_with_its_field(api, kind, wanted, at):
    row = kind.make(api)
    before = columns(row)

    status, code, message = api.refused("patch", kind.path(row), {"metadata": wanted})

    assert (status, code) == (400, 3)
    assert message.startswith(at)
    assert columns(row) == before


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.put_away], ids=str)
def test_what_is_put_away_may_be_changed_and_stays_so(api, kind):
    row = kind.make(api, name="OLD", **kind.put_away)

    answer = api.patch(kind.path(row), {"metadata": {"name": "NEW"}})

    after = columns(row)
    assert answer["metadata"]["name"] == after["name"] == "NEW"
    assert {column: after[column] for column in kind.put_away} == kind.put_away


@pytest.mark.django_db
@every_kind
def test_to_a_stranger_there_is_no_such_row(api, kind):
    row = kind.make(api)
    before = columns(row)
    stranger = client_of(make_actor(role=Role.ADMIN, name="stranger"), kind)

    refused = stranger.refused("patch", kind.path(row), {"metadata": {"name": "MINE"}})

    assert refused[:2] == (404, 5)
    assert columns(row) == before


@pytest.mark.django_db(transaction=True)
@every_kind
def test_of_two_patches_at_once_each_keeps_its_field(api, kind):
    row = kind.make(api, name="OLD")
    patches = [{"metadata": {"name": "NEW"}}, {"metadata": {"labels": {"team": "south"}}}]

    def send(patch):
        try:
            return client_of(api.actor, kind).patch(kind.path(row), patch)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(patches)) as pool:
        with transaction.atomic():
            type(row).objects.select_for_update().get(pk=row.pk)
            sent = [pool.submit(send, patch) for patch in patches]
            with pytest.raises(TimeoutError):
                sent[0].result(0.5)  # both wait for the row, and read it when it is theirs
        answers = [one.result(30) for one in sent]

    assert len(answers) == len(patches)
    after = columns(row)
    assert (after["name"], after["labels"]) == ("NEW", {"team": "south"})


@pytest.mark.django_db
def test_one_and_true_are_two_things_in_a_schema(actor):
    """To Python they are equal, and a change from one to the other must not be taken for none."""
    schema = {"type": "object", "const": 1}
    row = make_agent(space=actor.space, created_by=actor.principal, output_definition=schema)

    changed = {"spec": {"outputDefinition": {**schema, "const": True}}}
    WorkspaceClient(actor).patch(f"/agents/{spell(Prefix.AGENT, row.pk)}", changed)

    assert columns(row)["output_definition"]["const"] is True


@pytest.mark.django_db
def test_a_list_of_assignments_that_is_what_it_was_keeps_its_rows(actor):
    agent = make_agent(space=actor.space, created_by=actor.principal)
    others = [make_agent(space=actor.space, created_by=actor.principal, name=name) for name in "ab"]
    row = make_variation(agent=agent, calls=tuple(others))
    before, kept = columns(row), list(row.assignments.values().order_by("pk"))
    wanted = [{"type": "subAgentId", "subAgentId": spell(Prefix.AGENT, one.pk)} for one in others]
    patches = [{"spec": {"assignments": list(order)}} for order in (wanted, reversed(wanted))]
    api = WorkspaceClient(actor)

    same = api.patch(path_of_variation(row), patches[0])

    assert same["spec"]["assignments"] == wanted
    assert (columns(row), list(row.assignments.values().order_by("pk"))) == (before, kept)
    assert api.patch(path_of_variation(row), patches[1])["metadata"]["updatedAt"]


@pytest.mark.django_db
def test_the_secrets_of_a_set_change_it_where_one_changes(actor):
    tool_set = make_tool_set(space=actor.space, created_by=actor.principal)
    make_secret(space=actor.space, created_by=actor.principal, tool_set=tool_set, name="TOKEN")
    api, path = WorkspaceClient(actor), f"/tool_sets/{spell(Prefix.TOOL_SET, tool_set.pk)}"

    same = api.patch(path, {"spec": {"secrets": [{"name": "token"}]}})
    renewed = api.patch(path, {"spec": {"secrets": [{"name": "token", "value": "newer"}]}})

    assert "updatedAt" not in same["metadata"]
    assert "updatedAt" in renewed["metadata"]
