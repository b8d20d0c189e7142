"""The OpenAPI document is sound, complete, and says what the code does."""

import json
import re
import tomllib
from collections import defaultdict

import pytest
from django.core.management import call_command
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from pydantic import BaseModel, TypeAdapter

from config.environment import ROOT
from config.openapi.views import document
from executions.api.docs.live import CONVERSATION, kind_of
from executions.api.event_payloads import PAYLOADS
from executions.api.filters import ExecutionFilter
from executions.runs.live.frames import ERROR_CODES, OUTGOING
from executions.runs.live.socket.client_frames import INCOMING
from objectives.api.compat import older
from spaces.ticket_scopes import May, TicketKind
from tests.guards.routes import every_route
from tests.guards.ticketed import OPENS

# Served, but no part of the API: pages, and the document itself.
NOT_DESCRIBED = {"", "docs", "docs/try", "v1/openapi.json", "v1/openapi.yaml"}
OLDER = {f"v1/{route.pattern}" for route in older.urlpatterns}  # for old clients only
OTHERS = {
    "GET /v1/ws",
    "GET /v1/media/{media_id}",
    "GET /v1/message-files/{file_id}",
}  # with errors of their own
ERRORS_OF_ALL = {"401", "403", "404", "406", "422", "429"}
ERRORS_OF_WORKSPACES = {"400", "401", "403", "404", "429", "503"}
SOME_ERRORS = {"409", "501"}  # of operations that make or change something
# Query parameters that take words of a list, whichever the operation.
CLOSED = {
    "executionStatus",
    "format",
    "sentiment",
    "sortOrder",
    "source",
    "state",
    "states",
    "status",
    "usage",
    "variationSelectionMode",
}
# Lists whose pages are others than those of all: a chat is drawn whole.
LIMITS = {"GET /v1/spaces/{space_id}/threads/{thread_id}/messages": {"maximum": 1000, "default": 1000}}
# What a DELETE refuses: a message that has been heard.
REFUSING = "DELETE /v1/spaces/{space_id}/threads/{thread_id}/messages/{queued_id}"
_EXECUTIONS = "/v1/spaces/{space_id}/skills/executions"
_OBJECTIVES = "/v1/workspaces/{workspace_id}/objectives"
EXAMPLES = [
    ("POST /v1/spaces/{space_id}/tools/{tool_name}/execute", "body"),
    ("POST /v1/spaces/{space_id}/tools/{tool_name}/execute", "answer"),
    ("POST /v1/spaces/{space_id}/skills/{slug}/executions", "body"),
    (f"GET {_EXECUTIONS}", "answer"),
    (f"GET {_EXECUTIONS}/by-chat-tool-call/{{tool_call_id}}", "answer"),
    ("POST /v1/tickets", "body"),
    ("POST /v1/workspaces/{workspace_id}/agents", "body"),
    ("POST /v1/workspaces/{workspace_id}/agents", "answer"),
    (f"POST {_OBJECTIVES}", "body"),
    (f"POST {_OBJECTIVES}", "answer"),
    (f"GET {_OBJECTIVES}", "answer"),
    (f"POST {_OBJECTIVES}/{{objective_id}}:continue", "body"),
    (f"GET {_OBJECTIVES}/{{objective_id}}/tool_calls/{{tool_call_id}}", "answer"),
    (f"POST {_OBJECTIVES}/{{objective_id}}/tool_calls/{{tool_call_id}}:deny", "body"),
    (f"POST {_OBJECTIVES}/{{objective_id}}/tool_calls/{{tool_call_id}}:setContent", "body"),
    ("GET /v1/workspaces/{workspace_id}/waiting", "answer"),
    ("POST /v1/workspaces/{workspace_id}/tool_sets", "body"),
    ("POST /v1/workspaces/{workspace_id}/tool_sets/{tool_set_id}/tools", "body"),
]
CHAT = re.compile(r"\w+ /v1/spaces/{space_id}/(threads|chat|tool-calls)")
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
        "POST /v1/spaces/{space_id}/ag-ui",
        "POST /v1/spaces/{space_id}/chat",
        "GET /v1/spaces/{space_id}/chat/{thread_id}/stream",
    }

    assert set(operations) == routes | streams


def plain(template: str) -> str:
    """`<space:space_id>` as `{space_id}`."""
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
        assert set(operation["tags"]) <= tags, route


def test_every_description_says_more_than_the_summary(operations):
    for route, operation in operations.items():
        said = operation["description"].partition("Needs the permission")[0].strip()
        assert len(said) > len(operation["summary"]), route
        assert said.rstrip(".") != operation["summary"].rstrip("."), route
        assert said[-1] in ".|)`", route  # a whole sentence, or a table


def test_what_an_operation_needs_is_said(operations):
    needs = {
        route: re.findall(r"Needs the permission `(\w+:\w+)`", operation["description"])
        for route, operation in operations.items()
    }

    assert needs["GET /v1/workspaces/{workspace_id}/agents"] == ["agents:read"]
    assert needs["POST /v1/workspaces/{workspace_id}/agents"] == ["agents:manage"]
    assert needs["POST /v1/spaces/{space_id}/tools/{tool_name}/execute"] == ["executions:manage"]
    assert needs["GET /v1/whoami"] == []
    assert sum(map(bool, needs.values())) > 100


def test_query_parameters_have_types_and_bounds(operations):
    """In both APIs alike; a text is one that may hold anything."""
    wrong = []
    for route, operation in operations.items():
        for one in operation.get("parameters", []):
            if one["in"] != "query":
                continue
            schema = one["schema"]
            wanted = {
                "limit": {
                    "type": "integer",
                    "minimum": 1,
                    **LIMITS.get(route, {"maximum": 100, "default": 50}),
                },
                "includeInfo": {"type": "boolean"},
            }.get(one["name"], schema)
            is_closed = one["name"] in CLOSED
            has_enum = bool(schema.get("enum") or schema.get("items", {}).get("enum"))
            if schema != wanted or is_closed != has_enum:
                wrong.append((route, one["name"], schema))

    assert wrong == []
    listed = operations["GET /v1/workspaces/{workspace_id}/agents"]["parameters"]
    schemas = {one["name"]: one["schema"] for one in listed}
    assert schemas["sortOrder"] == {"type": "string", "enum": ["asc", "desc"], "default": "desc"}
    assert schemas["state"]["items"]["enum"] == ["STATE_DRAFT", "STATE_PUBLISHED", "STATE_ARCHIVED"]


def test_errors_are_named_only_where_they_can_happen(operations):
    for route, operation in operations.items():
        answers, is_built = operation["responses"], operation["tags"] != ["not_built"]
        if route.startswith("GET ") and is_built:
            assert not SOME_ERRORS & set(answers), route
        if "501" in answers and is_built:
            assert "requestBody" in operation, route  # which may name what is not built
        if "409" in answers:
            assert route.startswith(("POST ", "PATCH ")) or route == REFUSING, route
    assert sum("409" in one["responses"] for one in operations.values()) < 40
    assert sum("501" in one["responses"] for one in operations.values() if one["tags"] != ["not_built"]) < 18


def test_the_main_operations_have_examples_that_match_their_schemas(described, operations):
    shown = {}
    for route, operation in operations.items():
        for where, content in contents(operation):
            for example in content.get("examples", {}).values():
                schema = {**content["schema"], "components": described["components"]}
                found = Draft202012Validator(schema).iter_errors(example["value"])
                shown[route, where] = [error.message for error in found]

    assert {place: problems for place, problems in shown.items() if problems} == {}
    assert {place for place in EXAMPLES if place not in shown} == set()


def contents(operation):
    """Each JSON body of an operation, and what it is."""
    bodies = [("body", operation.get("requestBody", {}))]
    bodies += [("answer", answer) for status, answer in operation["responses"].items() if status < "300"]
    for where, body in bodies:
        if "application/json" in body.get("content", {}):
            yield where, body["content"]["application/json"]


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
        if "not_built" not in operation["tags"]:
            assert set(answers) - SOME_ERRORS == {"200", *ERRORS_OF_WORKSPACES}, route
        for status in (ERRORS_OF_WORKSPACES | SOME_ERRORS) & set(answers):
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
    assert {route: form for route, form in forms.items() if CHAT.match(route)} == {
        "GET /v1/spaces/{space_id}/threads": "ThreadList",
        "POST /v1/spaces/{space_id}/threads/messages": "FirstMessageAnswer",
        "GET /v1/spaces/{space_id}/threads/{thread_id}": "ThreadAnswer",
        "PATCH /v1/spaces/{space_id}/threads/{thread_id}": "ThreadAnswer",
        "POST /v1/spaces/{space_id}/threads/{thread_id}/archive": "ThreadAnswer",
        "POST /v1/spaces/{space_id}/chat/{thread_id}/stop": "ThreadAnswer",
        "GET /v1/spaces/{space_id}/threads/{thread_id}/messages": "MessageList",
        "POST /v1/spaces/{space_id}/threads/{thread_id}/messages": "MessageAnswer",
        "POST /v1/spaces/{space_id}/tool-calls/{call_id}/approve": "CallAnswer",
        "POST /v1/spaces/{space_id}/tool-calls/{call_id}/deny": "CallAnswer",
        "POST /v1/spaces/{space_id}/tool-calls/{call_id}/content": "CallAnswer",
    }
    assert forms["POST /v1/markdown"] == "MarkdownAnswer"
    assert len(forms) == 16 + 11


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

    assert {*TicketKind} | {"thread_id"} == set(members)
    for name in (*TicketKind, *May, ":approve", ":setContent", "toolcall_", "seconds"):
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
        "limit",
        "cursor",
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

    assert (
        described["info"]["version"]
        == project["version"]
        == re.findall(r"^## ([\d.]+)$", changes, re.MULTILINE)[0]
    )


def test_it_is_served_as_json_and_yaml_and_can_be_browsed(client):
    assert client.get("/v1/openapi.json").json()["info"]["title"] == "Callboard"
    assert b"title: Callboard" in client.get("/v1/openapi.yaml").content
    page, script = client.get("/docs/try"), client.get("/docs/try?script=")
    assert (page.status_code, script.status_code) == (200, 200)
    assert b"/static/drf_spectacular_sidecar/" in page.content
    assert b"/v1/openapi.json" in script.content
    for part in (page, script):
        assert b"https://" not in part.content  # nothing comes from another host
