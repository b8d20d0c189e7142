"""What overlays make of schemas and arguments."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, strategies as st

from objectives.ids import Json
from objectives.overlays.arguments import CannotRewrite, Given, own_part, rewritten
from objectives.overlays.parameters import declared_at, names_of, seen_parameters
from tests.objectives.overlays.overlaid import overlay, pin, put, remove

PARAMETERS = {
    "type": "object",
    "properties": {
        "filter": {
            "type": "object",
            "properties": {"owner": {"type": "string"}, "state": {"type": "string"}},
            "required": ["owner", "state"],
            "additionalProperties": False,
        },
        "limit": {"type": "integer"},
        "price": {"type": ["number", "null"]},
        "deep": {"type": "boolean"},
        "tags": {"type": "array"},
        "more": {"type": "object"},
        "note": {"type": ["string", "null"]},
        "any": {},
        "rows": {"items": {"properties": {"a": {}}}},
        "loose": {"type": ["object", "array"]},
    },
    "required": ["limit", "filter"],
}
GIVEN = Given(
    pinned={"tenant": "t-1", "seven": "7", "odd": "x"},
    id="obj_1",
    external_id="e:1",
    labels={"team": "north", "callboard/x": "y"},
)


def made(arguments: Json, *actions: Json) -> Json:
    return rewritten(arguments, PARAMETERS, [overlay("a", *actions)], GIVEN)


def seen(*actions: Json, pinned: Mapping[str, str] = GIVEN.pinned) -> Json:
    return seen_parameters(PARAMETERS, [overlay("a", *actions)], pinned)


def names(schema):
    return set(schema["properties"])


@pytest.mark.parametrize("action", [remove("limit"), put("limit", "1"), pin("limit", "seven")])
def test_what_is_not_the_models_is_not_shown_to_it(action):
    schema = seen(action)

    assert names(schema) == names(PARAMETERS) - {"limit"}
    assert schema["required"] == ["filter"]
    assert PARAMETERS["required"] == ["limit", "filter"]


def test_a_nested_parameter_goes_with_its_requirement_and_its_neighbours_stay():
    schema = seen(remove("filter.owner"), put("filter.owner.id", "x"), remove("nothing.here"))

    assert schema["properties"]["filter"] == {
        "type": "object",
        "properties": {"state": {"type": "string"}},
        "required": ["state"],
        "additionalProperties": False,
    }
    assert schema["required"] == PARAMETERS["required"]


def test_a_pin_that_may_be_missing_leaves_the_parameter_to_the_model():
    skip, fail = pin("limit", "tenant", "SKIP"), pin("limit", "tenant")

    assert "limit" not in names(seen(skip))
    assert "limit" in names(seen(skip, pinned={}))
    assert "limit" not in names(seen(fail, pinned={}))
    assert seen(skip, remove("limit"), pinned={}) == seen(remove("limit"), skip, pinned={})
    assert "limit" not in names(seen(skip, remove("limit"), pinned={}))


def test_removed_parameters_are_stripped_whether_declared_or_not():
    arguments = {"limit": 1, "filter": {"owner": "me", "state": "x", "other": 1}, "unknown": {"a": 1, "b": 2}}

    actions = [remove("limit"), remove("filter.owner"), remove("filter.other"), remove("unknown.a")]
    assert made(arguments, *actions) == {"filter": {"state": "x"}, "unknown": {"b": 2}}
    assert arguments["limit"] == 1


@pytest.mark.parametrize(
    ("path", "sent", "left"),
    [
        ("any.a", {"a": {"b": 1}, "c": 2}, {"c": 2}),
        ("any.a", [{"a": 1, "b": 2}, [{"a": 1}], "a", None], [{"b": 2}, [{}], "a", None]),
        ("any.a.b", [{"a": [{"b": 1, "c": 2}]}], [{"a": [{"c": 2}]}]),
        ("unknown.a", [{"a": 1, "b": 2}], [{"b": 2}]),
        ("any.a", '{"a": 1}', '{"a": 1}'),
        ("any.a", 7, 7),
        ("tags.a", [{"a": 1}], [{"a": 1}]),
        ("rows.a", [{"a": 1}], [{"a": 1}]),
        ("loose.a", [{"a": 1}], [{"a": 1}]),
        ("loose.a", {"a": 1}, {}),
    ],
)
def test_what_is_removed_is_dropped_wherever_the_tool_declares_no_list(path, sent, left):
    name = names_of(path)[0]

    assert made({name: sent}, remove(path)) == {name: left}
    assert own_part({name: sent}, PARAMETERS, [overlay("a", remove(path))], {}) == {name: left}


@pytest.mark.parametrize(
    "arguments", [{}, {"filter": {}}, {"filter": {"owner": "me"}}, {"filter": None}, {"filter": ["x"]}]
)
def test_a_declared_parameter_is_forced_wherever_the_model_put_it(arguments):
    assert made(arguments, pin("filter.owner", "tenant")) == {"filter": {"owner": "t-1"}}


def test_what_the_tool_does_not_declare_is_overwritten_but_never_added():
    pinned = pin("scope.tenant", "tenant")

    assert made({}, pinned) == {}
    assert made({"scope": {"b": 1}}, pinned) == {"scope": {"b": 1}}
    assert made({"scope": {"tenant": "other", "b": 1}}, pinned) == {"scope": {"tenant": "t-1", "b": 1}}
    assert made({"scope": {"tenant": 1}}, put("scope.tenant", "7")) == {"scope": {"tenant": "7"}}
    assert made({"scope": "tenant"}, pinned) == {"scope": "tenant"}
    assert made({"scope": [{"tenant": "other", "b": 1}]}, pinned) == {"scope": [{"b": 1}]}


def test_the_last_action_on_a_place_wins():
    assert made({}, put("any", "a"), remove("any")) == {}
    assert made({"any": 1}, remove("any"), put("any", "a")) == {"any": "a"}
    assert made({}, put("any", "a"), pin("any", "tenant")) == {"any": "t-1"}
    overlays = [overlay("a", pin("any", "tenant")), overlay("b", put("any", "b"))]
    assert rewritten({}, PARAMETERS, overlays, GIVEN) == {"any": "b"}
    whole = put("filter", '{"owner": "me", "state": "x"}')
    assert made({}, whole, remove("filter.state")) == {"filter": {"owner": "me"}}


@pytest.mark.parametrize(
    ("path", "template", "value"),
    [
        ("any", "{{ pinned_parameters.tenant }}-{{ objective.id }}", "t-1-obj_1"),
        ("any", "{{ objective.external_id }}", "e:1"),
        ("any", "{{ objective.labels.team }}{{ objective.labels['callboard/x'] }}", "northy"),
        ("any", "7", "7"),
        ("any", "${NAME}", "${NAME}"),
        ("note", "null", "null"),
        ("limit", " {{ pinned_parameters.seven }}\n", 7),
        ("price", "7.5", 7.5),
        ("price", "null", None),
        ("deep", "true", True),
        ("tags", '["{{ objective.id }}"]', ["obj_1"]),
        ("more", '{"a": {{ pinned_parameters | sanitized_json }}}', {"a": GIVEN.pinned}),
    ],
)
def test_templates_are_filled_and_read_in_the_declared_type(path, template, value):
    assert made({}, put(path, template)) == {path: value}


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (put("any", "{{ pinned_parameters.lost }}"), "pinned_parameters.lost is undefined"),
        (put("any", "{{ objective.labels.lost }}"), "objective.labels.lost is undefined"),
        (put("any", "{{ result.text }}"), "'result' is undefined"),
        (put("limit", "many"), "its text is not JSON, and the parameter is declared as integer"),
        (put("limit", "1.5"), "its text is not of the type integer"),
        (put("limit", ""), "its text is not JSON"),
        (put("price", "NaN"), "its text is not JSON"),
        (put("price", "1e999"), "its text is not JSON"),
        (put("deep", "1"), "its text is not of the type boolean"),
        (put("more", "[]"), "its text is not of the type object"),
        (put("any", "{% for i in (1..99999) %}{% endfor %}"), "loop iteration limit reached"),
        (pin("any", "lost"), "the objective has no pinned parameter 'lost'"),
        (pin("limit", "odd"), "its text is not JSON"),
    ],
)
def test_a_value_that_cannot_be_had_is_an_error_that_names_overlay_and_place(action, said):
    path = (action.get("set") or action["pin"])["path"]

    with pytest.raises(CannotRewrite) as cannot:
        made({}, action)

    assert str(cannot.value).startswith(f"The overlay 'a' has no value for {path}: ")
    assert said in str(cannot.value)
    assert str(cannot.value).endswith(".")


def test_a_value_that_is_not_needed_is_no_error():
    """One overlay may mean many tools, of which some do not take what it pins."""
    assert made({}, pin("scope", "lost"), put("scope", "{{ lost }}"), pin("limit", "lost", "SKIP")) == {}
    assert made({"limit": 3}, pin("limit", "lost", "SKIP")) == {"limit": 3}


def test_pins_become_the_declared_type():
    found = made({}, pin("limit", "seven"), pin("price", "seven"), pin("any", "seven"))

    assert found == {"limit": 7, "price": 7, "any": "7"}


NAMES = st.sampled_from(["filter", "owner", "state", "limit", "x"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(".".join)
TREES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda below: st.dictionaries(NAMES, below, max_size=4) | st.lists(below, max_size=2),
    max_leaves=12,
)
ARGUMENTS = st.dictionaries(NAMES, TREES, max_size=4)


def values_at(tree: Any, *place: str, opens_lists: bool = True) -> Iterator[Any]:
    """What stands at a place, in the items of lists on the way too."""
    if not place:
        yield tree
    elif isinstance(tree, list) and opens_lists:
        for item in tree:
            yield from values_at(item, *place)
    elif isinstance(tree, dict) and place[0] in tree:
        yield from values_at(tree[place[0]], *place[1:], opens_lists=opens_lists)


@given(ARGUMENTS, PATHS)
def test_nothing_is_ever_left_of_what_is_removed(arguments, path):
    action = remove(path)

    assert not list(values_at(made(arguments, action), *names_of(path)))
    assert declared_at(seen(action), names_of(path)) is None
    assert made(made(arguments, action), action) == made(arguments, action)


@given(ARGUMENTS, PATHS)
def test_the_model_never_decides_on_what_is_pinned(arguments, path):
    parameters = {"type": "object", "properties": {"filter": {"properties": {"owner": {}}}, "x": {}}}
    found = rewritten(arguments, parameters, [overlay("a", pin(path, "tenant"))], GIVEN)

    place = names_of(path)
    is_declared = declared_at(parameters, place) is not None
    is_sent = bool(list(values_at(arguments, *place, opens_lists=False)))
    assert list(values_at(found, *place)) == ["t-1"] * (is_declared or is_sent)
    if not is_declared and not list(values_at(arguments, *place)):
        assert found == arguments


@given(ARGUMENTS, PATHS)
def test_the_model_answers_for_the_rest_of_its_arguments_only(arguments, path):
    overlays = [overlay("a", put(path, "x"))]

    own = own_part(arguments, {}, overlays, {})

    assert not list(values_at(own, *names_of(path)))
    assert rewritten(own, {}, overlays, GIVEN) == own
