"""The OpenAPI document is sound, complete, and says what the code does."""

import json
import re
import tomllib
from collections import defaultdict

import pytest
from django.core.management import call_command
from openapi_spec_validator import validate
from pydantic import BaseModel, TypeAdapter

from config.documents import document
from config.environment import ROOT
from executions.api.docs.live import CONVERSATION, kind_of
from executions.api.event_payloads import PAYLOADS
from executions.api.filters import PAGING, ExecutionFilter
from executions.runlog.frames import ERROR_CODES, OUTGOING
from executions.runlog.socket.incoming import INCOMING
from objectives.api.routes import older
from spaces.scopes import Kind, May
from tests.guards.routes import every_route
from tests.guards.ticketed import OPENS

# Served, but no part of the API: pages, and the document itself.
NOT_DESCRIBED = {"", "docs", "docs/try", "v1/openapi.json", "v1/openapi.yaml"}
OLDER = {f"v1/{route.pattern}" for route in older.urlpatterns}  # for old clients only
OTHERS = {"GET /v1/ws", "GET /v1/media/{media_id}"}  # with errors of their own
ERRORS_OF_ALL = {"401", "403", "404", "406", "422", "429"}
ERRORS_OF_WORKSPACES = {"400", "401", "403", "404", "409", "429", "501", "503"}
OF_WORKSPACES = re.compile(r"\w+ /v1/(workspaces|account|whoami)(?![^/:])")


@pytest.fixture(scope="module")
def described():
    return document()


@pytest.fixture(scope="module")
def operations(described):
    return {
        f"{method.upper()} {path}": operation
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }


def test_it_is_sound_openapi_3_1(described):
    validate(json.loads(json.dumps(described)))

    assert described["openapi"] == "3.1.1"


def test_it_is_made_without_a_warning(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "document.yaml"))


def test_every_route_is_described_and_no_other(operations):
    routes = {
        f"{route.method} /{plain(route.template)}"
        for route in every_route()
        if route.template.startswith(("v1/", "healthz", "readyz"))
        and route.template not in {*NOT_DESCRIBED, *OLDER}
    }
    streams = {
        "GET /v1/spaces/{space_id}/skills/executions/{execution_id}/events",
        "GET /v1/ws",
    }

    assert set(operations) == routes | streams


def plain(template: str) -> str:
    """`<str:space_id>` as `{space_id}`."""
    return "".join(
        piece
        if index == 0
        else "{" + piece.partition(">")[0].rpartition(":")[2] + "}" + piece.partition(">")[2]
        for index, piece in enumerate(template.split("<"))
    )


def test_every_operation_has_a_name_a_tag_and_a_description(described, operations):
    tags = {tag["name"] for tag in described["tags"]}
    names = [operation["operationId"] for operation in operations.values()]

    assert len(names) == len(set(names))
    for route, operation in operations.items():
        assert operation["summary"], route
        assert operation["description"], route
        assert set(operation["tags"]) <= tags, route


def test_what_is_not_built_stands_apart_at_the_end(described, operations):
    apart = {route for route, operation in operations.items() if operation["tags"] == ["not_built"]}
    says_so = {route for route, one in operations.items() if "not built" in one["summary"].lower()}

    assert described["tags"][-1]["name"] == "not_built"
    assert says_so == apart
    answered = {route for route, one in operations.items() if "200" in one["responses"]}
    assert {route for route in operations if OF_WORKSPACES.match(route)} <= answered | apart


def test_every_parameter_and_property_is_described(described, operations):
    missing = [
        f"{route} {parameter['name']}"
        for route, operation in operations.items()
        for parameter in operation.get("parameters", [])
        if not parameter.get("description")
    ]
    missing += list(undescribed(described["components"]["schemas"], "schemas"))
    missing += [
        f"{route} {status}"
        for route, operation in operations.items()
        for status, answer in operation["responses"].items()
        if not answer.get("description")
    ]

    assert missing == []


def test_no_two_shapes_share_a_name(described):
    """The later one would take the place of the other in the document."""
    places = defaultdict(set)
    for shape in subclasses(BaseModel):
        if shape.__module__.partition(".")[0] in {"spaces", "executions", "objectives", "config"}:
            places[shape.__name__].add(shape.__module__)

    shared = {name: modules for name, modules in places.items() if len(modules) > 1}
    assert {
        name: modules for name, modules in shared.items() if name in described["components"]["schemas"]
    } == {}


def subclasses(of):
    """Every class below this one."""
    for one in of.__subclasses__():
        yield one
        yield from subclasses(one)


def undescribed(node, where):
    """Where below this schema a property has no description."""
    if isinstance(node, dict):
        properties = node.get("properties")
        if isinstance(properties, dict) and where.rpartition(".")[2] != "properties":
            for name, schema in properties.items():
                if not schema.get("description"):
                    yield f"{where}.{name}"
        for name, child in node.items():
            if name not in {"example", "examples", "default"}:
                yield from undescribed(child, f"{where}.{name}")
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from undescribed(child, f"{where}.{index}")


def test_every_operation_of_the_api_has_its_errors(operations):
    for route, operation in operations.items():
        if "/v1/" not in route or route in OTHERS or OF_WORKSPACES.match(route):
            continue
        assert set(operation["responses"]) >= ERRORS_OF_ALL, route
        assert [status for status in operation["responses"] if status < "300"], route
        problem = operation["responses"]["422"]["content"]["application/json"]["schema"]
        assert problem == {"$ref": "#/components/schemas/ProblemsAnswer"}, route


def test_every_operation_of_the_workspace_api_has_its_errors(operations):
    for route, operation in operations.items():
        if not OF_WORKSPACES.match(route):
            continue
        answers = operation["responses"]
        assert set(answers) == {"200", *ERRORS_OF_WORKSPACES} or "not_built" in operation["tags"], route
        for status in ERRORS_OF_WORKSPACES & set(answers):
            form = answers[status]["content"]["application/json"]["schema"]
            assert form == {"$ref": "#/components/schemas/Status"}, route


def test_every_answer_has_the_form_that_is_sent(operations):
    forms = {
        route: operation["responses"][status]["content"]["application/json"]["schema"]["$ref"].rpartition(
            "/"
        )[2]
        for route, operation in operations.items()
        if not OF_WORKSPACES.match(route)
        for status in operation["responses"]
        if status in {"200", "201"}
        and "application/json" in operation["responses"][status].get("content", {})
    }

    assert forms["GET /v1/spaces/{space_id}/skills/executions"] == "ExecutionPage"
    assert forms["GET /v1/spaces/{space_id}/tools"] == "ToolList"
    assert forms["POST /v1/files/"] == "FilesAnswer"
    assert len(forms) == 15


def test_credentials_come_in_three_ways_and_by_ticket_where_that_opens(described, operations):
    assert set(described["components"]["securitySchemes"]) == {"bearer", "apiKey", "session", "ticket"}
    assert operations["GET /v1/spaces/{space_id}/tools"]["security"] == [
        {"bearer": []},
        {"apiKey": []},
        {"session": []},
    ]


def test_the_document_says_what_a_ticket_opens(operations):
    said = {
        route for route, operation in operations.items() if {"ticket": []} in operation.get("security", ())
    }
    opens = {
        f"{method} /{plain(template)}"
        for verbs in OPENS.values()
        for opened in verbs.values()
        for method, _, template in (route.partition(" /") for route in opened)
        if template not in OLDER
    }

    assert said == opens


def test_asking_for_a_ticket_is_described_for_both_apis(described, operations):
    asked = operations["POST /v1/tickets"]
    members = described["components"]["schemas"]["TicketTarget"]["properties"]

    assert {*Kind} | {"thread_id"} == set(members)
    for name in (*Kind, *May, ":approve", ":setContent", "toolcall_", "seconds"):
        assert name in asked["description"] or name in json.dumps(asked)
    assert asked["responses"]["400"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/ProblemsAnswer"
    }
    for dialect in ("/v1/spaces", "/v1/workspaces", "snake_case", "camelCase", "nextCursor", "next_cursor"):
        assert dialect in described["info"]["description"]


def test_the_socket_is_described_in_words_of_its_own(operations):
    socket = operations["GET /v1/ws"]["description"]
    items = [line for line in socket.splitlines() if line.startswith("- ")]

    assert "None" not in socket
    assert "ERROR_CODES" not in socket
    assert len(items) == len(OUTGOING) + len(INCOMING)
    for side in (socket.partition("The client sends:")[2], socket.partition("The server sends:")[2]):
        listed = side.strip().partition("\n\n")[0].splitlines()  # an empty line would tear the list apart
        assert all(line.startswith("- ") for line in listed)
    assert all(f"| `{code}` |" in socket for code in ERROR_CODES)
    for way, frame in CONVERSATION:
        kinds = {kind_of(shape): shape for shape in (INCOMING if way == "→" else OUTGOING)}
        TypeAdapter(kinds[frame["type"]]).validate_python(frame)
        assert f'"type": "{frame["type"]}"' in socket
    assert "a ticket from another origin is refused" in " ".join(socket.split())


def test_the_list_names_its_filters(operations):
    listed = operations["GET /v1/spaces/{space_id}/skills/executions"]["parameters"]

    assert {parameter["name"] for parameter in listed if parameter["in"] == "query"} == {
        *ExecutionFilter.base_filters,
        *PAGING,
    }


def test_every_kind_of_event_and_frame_is_described(described, operations):
    schemas = described["components"]["schemas"]
    stream = operations["GET /v1/spaces/{space_id}/skills/executions/{execution_id}/events"]["description"]

    for kind, payload in PAYLOADS.items():
        assert f"`{kind}`" in stream
        assert list(schemas[payload.__name__]["properties"]) == list(payload.model_fields)
    for frame in OUTGOING:
        assert f"{frame.__name__}Frame" in schemas


def test_it_says_the_one_version_there_is(described):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    changes = (ROOT / "docs" / "changes.md").read_text()

    assert described["info"]["version"] == project["version"] == re.findall(r"\*\*([\d.]+)\*\*", changes)[0]


def test_it_is_served_as_json_and_yaml_and_can_be_browsed(client):
    assert client.get("/v1/openapi.json").json()["info"]["title"] == "Callboard"
    assert b"title: Callboard" in client.get("/v1/openapi.yaml").content
    page, script = client.get("/docs/try"), client.get("/docs/try?script=")
    assert (page.status_code, script.status_code) == (200, 200)
    assert b"/static/drf_spectacular_sidecar/" in page.content
    assert b"/v1/openapi.json" in script.content
    for part in (page, script):
        assert b"https://" not in part.content  # nothing comes from another host
