"""Overlays at the door: kept, answered, changed, refused, and which tools they say they change."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from objectives.models import AdapterKind, ToolSet
from objectives.overlays.validation import MOST_OVERLAYS
from spaces.models import Role
from tests.factories import make_actor
from tests.objectives.factories import make_tool
from tests.objectives.overlays.overlaid import (
    attribute,
    auto_mode,
    called,
    overlay,
    pin,
    put,
    remove,
    takes,
    transform,
    where,
)
from tests.objectives.toolboxes import names, path_of, set_of, tools_of
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db
HTTP = {"type": "http", "http": {"baseUrl": "https://orders.example.com"}}
EVERYTHING = [
    overlay(
        "tenant",
        pin("filter.owner", "tenant", "SKIP"),
        put("limit", "{{ objective.labels['limit'] }}"),
        remove("cursor"),
        selector=where(
            attribute("LLM_TOOL_NAME", "startsWith", "list_", caseSensitive=True),
            attribute("DESCRIPTION", "regex", "^orders?$"),
            takes("filter.owner"),
            called("list_orders"),
            operator="OR",
        ),
        results=[transform("{{ result.json.items | map: 'id' | sanitized_json }}", expects_json=True)],
    ),
    overlay(
        "careful",
        disabled=True,
        widgetArgumentExposure={"enabled": True},
        autoMode=auto_mode("Is it harmless?", failureMessage="Ask first."),
    ),
]


@pytest.fixture
def api():
    return WorkspaceClient(make_actor(role=Role.ADMIN))


def made(api, overlays, adapter=HTTP):
    return api.post(
        "/tool_sets", {"metadata": {"name": "s"}, "spec": {"adapter": adapter, "overlays": overlays}}
    )


def test_overlays_are_kept_as_they_are_written_and_answered(api):
    assert made(api, EVERYTHING)["spec"]["overlays"] == EVERYTHING

    assert ToolSet.objects.get().overlays == EVERYTHING
    assert api.get("/tool_sets")["items"][0]["spec"]["overlays"] == EVERYTHING


def test_a_short_overlay_is_answered_whole(api):
    (kept,) = made(api, [{"key": "a", "selector": {}}])["spec"]["overlays"]

    assert kept == overlay("a")


def test_overlays_change_by_their_mask_and_with_nothing_else(api):
    path = path_of(set_of(api, overlays=EVERYTHING))

    assert api.patch(path, {"spec": {"description": "x"}})["spec"]["overlays"] == EVERYTHING
    body = {"spec": {"overlays": [overlay("b")], "description": "y"}, "updateMask": "spec.overlays"}
    changed = api.patch(path, body)["spec"]
    assert (changed["overlays"], changed["description"]) == ([overlay("b")], "x")
    assert api.patch(path, {"updateMask": "spec.overlays"})["spec"]["overlays"] == []


def one(**fields):
    return [{**overlay("a"), **fields}]


def with_matcher(matcher, name="NAME"):
    condition = attribute(name, "exact", "a")
    condition["attribute"]["matcher"] = matcher
    return one(selector=where(condition))


REGEX = "spec.overlays.0.selector.conditions.0.attribute.matcher"


@pytest.mark.parametrize(
    ("overlays", "path"),
    [
        ([overlay("a"), overlay("b"), overlay("a")], "spec.overlays.2.key: Another"),
        (one(key=""), "spec.overlays.0.key: "),
        (one(key="a,b"), "spec.overlays.0.key: "),
        (one(key=" a"), "spec.overlays.0.key: "),
        (one(key="a" * 129), "spec.overlays.0.key: "),
        ([{"key": "a"}], "spec.overlays.0.selector: "),
        (
            [overlay(str(place)) for place in range(MOST_OVERLAYS + 1)],
            "spec.overlays: A tool set has at most",
        ),
        (
            [overlay(str(place), put("a", "x" * 9_000)) for place in range(30)],
            "spec.overlays: They are larger",
        ),
        (one(selector={"operator": "OPERATOR_XOR"}), "spec.overlays.0.selector.operator: "),
        (
            one(selector=where(takes("a"), takes("b"), operator="UNSPECIFIED")),
            "spec.overlays.0.selector.operator: `operator` is required",
        ),
        (one(selector={"conditions": [{}]}), "spec.overlays.0.selector.conditions.0: `type` is required"),
        (
            one(selector=where(attribute("UNSPECIFIED", "exact", "a"))),
            "spec.overlays.0.selector.conditions.0.attribute.attribute: ",
        ),
        (with_matcher(None), f"{REGEX}: "),
        (with_matcher({"type": "exact", "exact": ""}), f"{REGEX}.exact: "),
        (with_matcher({"type": "like", "like": "a"}), f"{REGEX}: `type` is required"),
        (with_matcher({"exact": "a", "regex": "a"}), f"{REGEX}: `type` is required"),
        (with_matcher({"type": "regex", "regex": "(["}), f"{REGEX}.regex: Invalid regular expression"),
        (with_matcher({"type": "regex", "regex": r"\L<names>"}), f"{REGEX}.regex: Invalid regular expr"),
        (
            with_matcher({"type": "regex", "regex": "(?:a{5000}){5000}"}),
            f"{REGEX}.regex: Invalid regular expression: it demands",
        ),
        (with_matcher({"type": "regex", "regex": "a" * 1001}), f"{REGEX}.regex: "),
        (one(selector=where(takes(""))), "spec.overlays.0.selector.conditions.0.hasParameter.path: "),
        (one(parameterActions=[{}]), "spec.overlays.0.parameterActions.0: `type` is required"),
        (
            one(parameterActions=[remove("a"), remove("a..b")]),
            "spec.overlays.0.parameterActions.1.remove.path: ",
        ),
        (one(parameterActions=[remove(".a")]), "spec.overlays.0.parameterActions.0.remove.path: "),
        (
            one(parameterActions=[remove(".".join("a" * 17))]),
            "spec.overlays.0.parameterActions.0.remove.path: ",
        ),
        (one(parameterActions=[pin("a", "")]), "spec.overlays.0.parameterActions.0.pin.pinnedParameter: "),
        (
            one(parameterActions=[pin("a", "b", "UNSPECIFIED")]),
            "spec.overlays.0.parameterActions.0.pin.onMissing: ",
        ),
        (
            [overlay("b"), *one(parameterActions=[put("a", "{{ a")])],
            "spec.overlays.1.parameterActions.0.set.valueTemplate: Invalid template",
        ),
        (
            one(parameterActions=[put("a", "{% if secrets.KEY %}x{% endif %}")]),
            "spec.overlays.0.parameterActions.0.set.valueTemplate: Secrets are not available in overlays",
        ),
        (
            one(resultActions=[transform("{% for %}")]),
            "spec.overlays.0.resultActions.0.transform.contentTemplate: Invalid template",
        ),
        (
            one(resultActions=[transform("{{ a | shout }}")]),
            "spec.overlays.0.resultActions.0.transform.contentTemplate: Invalid template",
        ),
        (
            one(resultActions=[transform("a", "UNSPECIFIED")]),
            "spec.overlays.0.resultActions.0.transform.onError: ",
        ),
        (one(autoMode=auto_mode()), "spec.overlays.0.autoMode.questions: "),
        (one(autoMode=auto_mode(" ")), "spec.overlays.0.autoMode.questions.0.question: "),
        (one(autoMode=auto_mode("a", mode="UNSPECIFIED")), "spec.overlays.0.autoMode.passingMode: "),
        (
            one(autoMode={**auto_mode(), "questions": [{"question": "a", "threshold": 1.01}]}),
            "spec.overlays.0.autoMode.questions.0.threshold: ",
        ),
        (
            one(autoMode={**auto_mode(), "questions": [{"question": "a", "threshold": -0.01}]}),
            "spec.overlays.0.autoMode.questions.0.threshold: ",
        ),
        (one(widgetArgumentExposure={}), "spec.overlays.0.widgetArgumentExposure.enabled: "),
        ("all", "spec.overlays: "),
    ],
)
def test_what_is_wrong_with_overlays_is_told_with_its_path(api, overlays, path):
    tool_set = set_of(api)

    refusals = [
        api.refused(
            "post", "/tool_sets", {"metadata": {"name": "s"}, "spec": {"adapter": HTTP, "overlays": overlays}}
        ),
        api.refused("patch", path_of(tool_set), {"spec": {"overlays": overlays}}),
    ]

    for status, code, message in refusals:
        assert (status, code) == (400, 3)
        assert message.startswith(path), message
    assert ToolSet.objects.get().overlays == []


def test_results_of_bare_tools_are_not_changed(api):
    bare = {"type": "bare", "bare": {}}
    overlays = [overlay("a", results=[transform("a")])]
    body = {"metadata": {"name": "s"}, "spec": {"adapter": bare, "overlays": overlays}}
    there = path_of(set_of(api, adapter=AdapterKind.BARE))
    turned = path_of(set_of(api, overlays=overlays))

    for refusal in (
        api.refused("post", "/tool_sets", body),
        api.refused("patch", there, {"spec": {"overlays": overlays}}),
        api.refused("patch", turned, {"spec": {"adapter": bare}}),
    ):
        assert refusal[:2] == (400, 3)
        assert refusal[2].startswith("spec.overlays.0.resultActions: The results of bare tools")
    assert api.patch(turned, {"spec": {"adapter": bare, "overlays": []}})["spec"]["overlays"] == []


PARAMETERS = {
    "type": "object",
    "properties": {
        "filter": {"type": "object", "properties": {"owner": {}, "state": {}}, "required": ["owner"]},
        "cursor": {"type": "string"},
        "limit": {"type": "integer"},
    },
    "required": ["cursor", "limit"],
}


def test_a_tool_says_which_overlays_apply_to_it_and_what_they_leave_for_the_model(api):
    overlays = [
        overlay("tenant", pin("filter.owner", "tenant"), pin("limit", "most", "SKIP")),
        overlay("off", remove("limit"), disabled=True),
        overlay("other", remove("limit"), selector=where(called("find"))),
        overlay("lists", remove("cursor"), selector=where(called("list"))),
    ]
    tool = make_tool(tool_set=set_of(api, overlays=overlays), name="list", parameters=PARAMETERS)

    shown = api.get(tools_of(tool.tool_set, tool))

    assert shown["info"]["overlays"] == ["tenant", "lists"]
    assert shown["spec"]["parameters"] == PARAMETERS
    assert shown["info"]["effectiveParameters"] == {
        "type": "object",
        "properties": {
            "filter": {"type": "object", "properties": {"state": {}}, "required": []},
            "limit": {"type": "integer"},
        },
        "required": ["limit"],
    }


def test_tools_are_listed_by_their_overlays_in_as_many_queries_for_many_as_for_one(api):
    overlays = [
        overlay("lists", selector=where(attribute("NAME", "startsWith", "list"))),
        overlay("orders", selector=where(attribute("NAME", "endsWith", "orders"))),
        overlay("off", disabled=True),
    ]
    tool_set = set_of(api, overlays=overlays)
    make_tool(tool_set=tool_set, name="list orders")
    path = tools_of(tool_set)

    def asked(**query):
        with CaptureQueriesContext(connection) as queries:
            page = api.get(path, includeInfo="true", sortOrder="asc", **query)
        return names(page), len(queries)

    asked(overlays="lists")  # the first request also notes the use of its key
    _, few = asked(overlays="lists")
    for name in ("list people", "drop orders", "drop people"):
        make_tool(tool_set=tool_set, name=name)

    assert asked(overlays="lists") == (["list orders", "list people"], few)
    assert asked(overlays=["lists", "orders"])[0] == ["list orders", "list people", "drop orders"]
    assert asked(overlays="lists,orders")[0] == ["list orders", "list people", "drop orders"]
    assert asked(overlays="off")[0] == asked(overlays="nothing")[0] == []
    assert asked(overlays="orders", limit=1)[0] == ["list orders"]
