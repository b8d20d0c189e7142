"""The official SDK against a real server: every operation on tool sets, tools and secrets decodes."""

from collections.abc import Iterator

import pytest
from cadenya import Cadenya
from cadenya._core import APIError

from objectives.ids import Prefix, spell
from spaces.models import Role
from tests.executions.runs.live.server import Server, running_server
from tests.factories import make_actor

pytestmark = pytest.mark.django_db(transaction=True)
PARAMETERS = {"type": "object", "properties": {"order": {"type": "string", "default": None}}}
HTTP_TOOL = {
    "description": "Finds an order.",
    "requires_approval": True,
    "parameters": PARAMETERS,
    "config": {"type": "http", "http": {"request_method": "GET", "path": "/orders/{{ order }}"}},
}


@pytest.fixture(scope="module")
def server(django_db_setup) -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[Cadenya]:
    admin = make_actor(role=Role.ADMIN)
    workspace = spell(Prefix.WORKSPACE, admin.space.id)
    with Cadenya(api_key=admin.token, base_url=server.url, workspace_id=workspace) as client:
        yield client


def test_every_operation_on_tool_sets_decodes(client: Cadenya):
    made = client.tool_sets.create(
        metadata={"name": "orders", "external_id": "a:b", "labels": {"team": "sales"}},
        spec={
            "description": "Orders of the shop.",
            "adapter": {
                "type": "http",
                "http": {"base_url": "https://orders.example.com", "headers": {"X-Key": "{{ secrets.KEY }}"}},
            },
            "secrets": [{"name": "key", "value": "hunter2-hunter2"}],
        },
    )
    assert made.spec.adapter.http.headers == {"X-Key": "{{ secrets.KEY }}"}
    assert [(secret.name, secret.value) for secret in made.spec.secrets or []] == [("KEY", None)]
    assert made.info is not None
    assert made.info.created_by is not None
    sets, address = client.tool_sets, "external_id:a:b"

    assert sets.retrieve(address).metadata.id == made.metadata.id
    changed = sets.update(address, spec={"description": "New."}, update_mask="spec.description")
    assert (changed.spec.description, changed.spec.adapter) == ("New.", made.spec.adapter)
    assert [one.metadata.name for one in sets.list(labels="team=sales", include_info=True)] == ["orders"]
    assert sets.archive(address).state == "STATE_ARCHIVED"
    assert list(sets.list()) == []
    assert len(list(sets.list(state="STATE_ARCHIVED"))) == 1
    assert sets.unarchive(address).state == "STATE_ACTIVE"
    assert list(sets.list_events(address)) == []
    assert list(sets.list_usage(address)) == []
    with pytest.raises(APIError) as refused:
        sets.retrieve_open_api_spec(address)
    assert refused.value.code == 9
    sets.delete(address)
    with pytest.raises(APIError) as gone:
        sets.retrieve(address)
    assert (gone.value.status_code, gone.value.code) == (404, 5)


def test_every_operation_on_tools_decodes(client: Cadenya):
    http = {"type": "http", "http": {"base_url": "https://orders.example.com"}}
    address = client.tool_sets.create(metadata={"name": "orders"}, spec={"adapter": http}).metadata.id
    tools = client.tool_sets.tools

    tool = tools.create(address, metadata={"name": "find order"}, spec=HTTP_TOOL)
    assert (tool.spec.llm_tool_name, tool.spec.parameters) == ("find_order", PARAMETERS)
    assert tool.info is not None
    assert len(tool.info.signature) == 64
    tool_id = tool.metadata.id
    assert tools.retrieve(address, tool_id) == tool
    assert tools.update(address, tool_id, spec={"requires_approval": False}).spec.requires_approval is False
    found = tools.list(
        address, names=["find order", "other"], states=["STATE_AVAILABLE"], requires_approval=False
    )
    assert [one.info for one in found] == [None]
    assert tools.omit(address, tool_id).state == "STATE_OMITTED"
    assert tools.restore(address, tool_id).state == "STATE_AVAILABLE"
    tools.delete(address, tool_id)
    assert list(tools.list(address)) == []


def test_every_operation_on_secrets_decodes(client: Cadenya):
    bare = {"type": "bare", "bare": {"content_timeout": 86400}}
    made = client.tool_sets.create(metadata={"name": "people"}, spec={"adapter": bare})
    assert made.spec.adapter.bare.content_timeout == 86400
    address, secrets = made.metadata.id, client.tool_sets.secrets

    kept = secrets.create(address, metadata={"name": "other"}, spec={"value": "another-value"})
    assert (kept.metadata.name, kept.spec.value) == ("OTHER", None)
    assert secrets.retrieve(address, kept.metadata.id).metadata == kept.metadata
    assert secrets.update(address, kept.metadata.id, spec={"value": "newer"}).metadata.updated_at
    assert [one.metadata.name for one in secrets.list(address, sort_order="asc")] == ["OTHER"]
    secrets.delete(address, kept.metadata.id)

    own = client.workspace_secrets
    wide = own.create(metadata={"name": "wide", "external_id": "wide"}, spec={"value": "wide-value"})
    assert own.retrieve("external_id:wide").metadata.id == wide.metadata.id
    renamed = own.update(wide.metadata.id, metadata={"name": "wider"}, update_mask="metadata.name")
    assert (renamed.metadata.name, renamed.metadata.external_id) == ("WIDER", "wide")
    assert [one.info is not None for one in own.list(include_info=True)] == [True]
    own.delete(wide.metadata.id)
