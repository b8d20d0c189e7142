"""Query parameters of the workspace API: either spelling, and none that the route does not know."""

import pytest
from django.http import QueryDict
from django.test import Client

from objectives.ids import Prefix, spell
from objectives.query_parameters import Query, Undeclared
from objectives.schemas.shape import Shape
from spaces.models import Role
from tests.factories import make_actor
from tests.objectives.factories import make_agent, make_tool, make_tool_set
from tests.objectives.runs import begin_objective, make_published_agent

pytestmark = pytest.mark.django_db
SDK = "cadenya-python/9.9.0 (api 1.0)"


@pytest.fixture
def actor():
    return make_actor()


def get(actor, path, *, agent="curl/8.0"):
    address = f"/v1/workspaces/{spell(Prefix.WORKSPACE, actor.space.id)}/{path}"
    return Client().get(address, headers={**actor.headers, "User-Agent": agent})


def told(answer):
    return answer.status_code, answer.json().get("code"), answer.json().get("message")


@pytest.mark.parametrize("name", ["sortOrder", "sort_order"])
def test_a_list_is_sorted_in_either_spelling(actor, name):
    first, second = (begin_objective(actor, make_published_agent(actor)) for _ in range(2))

    shown = get(actor, f"objectives?{name}=asc").json()["items"]

    ids = [one["metadata"]["id"] for one in shown]
    assert ids == sorted(spell(Prefix.OBJECTIVE, one.id) for one in (first, second))


@pytest.mark.parametrize("name", ["agentId", "agent_id"])
def test_a_filter_filters_in_either_spelling(actor, name):
    mine, other = (make_published_agent(actor) for _ in range(2))
    begin_objective(actor, other)
    objective = begin_objective(actor, mine)

    shown = get(actor, f"objectives?{name}={spell(Prefix.AGENT, mine.id)}&include_info=true").json()["items"]

    assert [one["metadata"]["id"] for one in shown] == [spell(Prefix.OBJECTIVE, objective.id)]
    assert "info" in shown[0]


def test_a_cursor_goes_on_in_the_other_spelling(actor):
    for _ in range(3):
        begin_objective(actor, make_published_agent(actor))
    cursor = get(actor, "objectives?sortOrder=asc&limit=2").json()["pagination"]["nextCursor"]

    rest = get(actor, f"objectives?sort_order=asc&limit=2&cursor={cursor}")

    assert len(rest.json()["items"]) == 1


def test_what_is_repeated_may_be_so_in_either_spelling(actor):
    tool_set = make_tool_set(space=actor.space, created_by=actor.principal)
    for approval in (True, False):
        make_tool(tool_set=tool_set, requires_approval=approval, function_name=f"asks_{approval}")
    path = f"tool_sets/{spell(Prefix.TOOL_SET, tool_set.id)}/tools"

    shown = get(actor, f"{path}?requires_approval=true&states=STATE_AVAILABLE&states=STATE_OMITTED").json()

    assert [one["spec"]["requiresApproval"] for one in shown["items"]] == [True]


def test_both_spellings_may_say_the_same(actor):
    make_agent(space=actor.space, created_by=actor.principal)

    assert get(actor, "agents?includeInfo=true&include_info=true").status_code == 200


@pytest.mark.parametrize("agent", ["curl/8.0", SDK])
def test_both_spellings_may_not_say_different_things(actor, agent):
    answer = get(actor, "objectives?sortOrder=asc&sort_order=desc", agent=agent)

    assert told(answer)[:2] == (400, 3)
    assert "sort_order" in told(answer)[2]
    assert "sortOrder" in told(answer)[2]


@pytest.mark.parametrize("query", ["sortorder=asc", "SortOrder=asc", "agent=x", "sort__order=asc", "=x"])
def test_an_unknown_parameter_is_refused_by_name(actor, query):
    answer = get(actor, f"objectives?limit=1&{query}")

    assert told(answer)[:2] == (400, 3)
    assert told(answer)[2].startswith(f"{query.partition('=')[0]}: Unknown query parameter; known are ")


def test_every_unknown_parameter_is_named(actor):
    message = told(get(actor, "objectives?foo=1&bar=2"))[2]

    assert "foo: " in message
    assert "bar: " in message


def test_a_route_without_parameters_says_so(actor):
    answer = get(actor, f"agents/{spell(Prefix.AGENT, make_published_agent(actor).id)}?verbose=1")

    assert told(answer) == (400, 3, "verbose: Unknown query parameter; this takes none.")


def test_a_ticket_is_no_parameter_of_a_route(actor):
    objective = begin_objective(actor, make_published_agent(actor))
    address = spell(Prefix.OBJECTIVE, objective.id)
    body = {"for": {"objective_id": address}, "may": ["read", "cancel"]}
    made = Client().post("/v1/tickets", body, content_type="application/json", headers=actor.headers)
    ticket = made.json()["data"]["ticket"]
    url = f"/v1/workspaces/{spell(Prefix.WORKSPACE, actor.space.id)}/objectives/{address}"

    listed = Client().get(f"{url}/events?sort_order=asc&ticket={ticket}")
    stopped = Client().post(f"{url}:cancel?ticket={ticket}", content_type="application/json")
    refused = Client().get(f"{url}?ticket={ticket}&verbose=1")

    assert (listed.status_code, stopped.status_code) == (200, 200)
    assert told(refused) == (400, 3, "verbose: Unknown query parameter; this takes none.")


@pytest.mark.parametrize("agent", [SDK, "Cadenya/Python 0.9.0", "Cadenya/JS 1.0.0"])
def test_the_official_clients_may_send_what_is_not_known_yet(actor, agent):
    begin_objective(actor, make_published_agent(actor))

    answer = get(actor, "objectives?someDay=1&sort_order=asc", agent=agent)

    assert answer.status_code == 200
    assert len(answer.json()["items"]) == 1


def test_a_stranger_learns_nothing_of_parameters(actor):
    other = make_actor(name="other")
    address = f"/v1/workspaces/{spell(Prefix.WORKSPACE, actor.space.id)}/objectives?foo=1"

    assert Client().get(address, headers=other.headers).status_code == 404


def test_what_a_route_does_not_declare_it_cannot_read():
    query = Query(["limit"])
    query.setlist("limit", ["5"])

    assert (query["limit"], query.get("limit"), query.getlist("limit")) == ("5", "5", ["5"])
    for read in (query.get, query.getlist, query.__getitem__):
        with pytest.raises(Undeclared):
            read("cursor")
    assert isinstance(query, QueryDict)


def shapes(of=Shape):
    for one in of.__subclasses__():
        yield one
        yield from shapes(one)


def test_every_field_of_a_body_is_taken_in_either_spelling():
    """By the alias that camelCase makes and by the field's own name, unless it is called otherwise."""
    for shape in shapes():
        for name, field in shape.model_fields.items():
            alias = field.alias or name
            spellings = {name, alias, *getattr(field.validation_alias, "choices", ())}
            assert snake(alias) in spellings, (shape, name)


def snake(name):
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def test_a_body_in_snake_case_is_the_same_body():
    actor = make_actor(role=Role.ADMIN)
    agent = spell(Prefix.AGENT, make_published_agent(actor).id)
    address = f"/v1/workspaces/{spell(Prefix.WORKSPACE, actor.space.id)}/agents/{agent}/variations"
    body = {
        "metadata": {"name": "New", "external_id": "new"},
        "spec": {
            "system_prompt_template": "Help.",
            "model_config": {"model_id": "demo"},
            "constraints": {"max_tool_calls": 3},
        },
    }

    made = Client().post(address, body, content_type="application/json", headers=actor.headers).json()

    assert made["metadata"]["externalId"] == "new"
    assert made["spec"]["systemPromptTemplate"] == "Help."
    assert made["spec"]["modelConfig"]["modelId"]
    assert made["spec"]["constraints"]["maxToolCalls"] == 3
