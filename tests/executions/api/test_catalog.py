"""Skills and tools, as a space sees them."""

import pytest

from executions.api.catalog_schemas import ChatTool, SkillSchema, SkillSummary
from tests.executions.api.speaking import Api
from tests.factories import make_actor, make_skill, make_space, make_tenant

pytestmark = pytest.mark.django_db

INPUTS = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


def test_tools_are_a_bare_array():
    make_skill()

    response = Api(make_actor()).get("tools")

    assert response.json() == [
        {"tool_name": "echo", "description": "Repeats its text, for tests.", "arguments_schema": INPUTS}
    ]
    assert list(ChatTool.model_fields) == list(response.json()[0])


def test_a_space_without_skills_has_no_tools():
    assert Api(make_actor()).get("tools").json() == []


def test_skills_are_listed_by_slug_in_pages():
    api = Api(make_actor())
    for slug in ("b-skill", "a-skill", "c-skill"):
        make_skill(slug=slug)

    first = api.get("skills?limit=2").json()
    second = api.get(f"skills?limit=2&cursor={first['meta']['next_cursor']}").json()

    assert [skill["slug"] for skill in first["data"] + second["data"]] == ["a-skill", "b-skill", "c-skill"]
    assert second["meta"] == {"next_cursor": None, "has_more": False}
    assert list(first["data"][0]) == list(SkillSummary.model_fields)


def test_a_skill_is_shown_with_its_newest_version():
    make_skill(version="1.9.0")
    newest = make_skill(version="1.10.0", limits="{wall_seconds: 7}")

    shown = Api(make_actor()).get("skills/echo").json()["data"]

    assert list(shown) == list(SkillSchema.model_fields)
    assert (shown["version"], shown["versions"]) == ("1.10.0", ["1.10.0", "1.9.0"])
    assert (shown["kind"], shown["digest"]) == ("script", newest.digest)
    assert shown["inputs_schema"] == INPUTS
    assert shown["limits"]["wall_seconds"] == 7
    SkillSchema.model_validate(shown)


def test_a_skill_gets_the_tools_that_the_space_permits_too():
    make_skill()

    shown = [
        Api(make_actor(space=make_space(permitted_tools=permitted)))
        .get("skills/echo")
        .json()["data"]["tools"]
        for permitted in (["artifact.commit", "workspace.fs.read"], ["workspace.fs.read"])
    ]

    assert shown == [["artifact.commit"], []]


def test_a_tenants_own_skill_hides_the_deployments():
    api = Api(make_actor())
    make_skill(version="2.0.0")
    make_skill(version="1.0.0", tenant=api.actor.tenant)
    make_skill(slug="foreign", tenant=make_tenant())

    assert api.get("skills/echo").json()["data"]["version"] == "1.0.0"
    assert [skill["slug"] for skill in api.get("skills").json()["data"]] == ["echo"]
    assert api.get("skills/foreign").status_code == 404


@pytest.mark.parametrize("slug", ["nope", "a\x00b", "ECHO"])
def test_an_unknown_skill_is_a_404(slug):
    make_skill()

    response = Api(make_actor()).get(f"skills/{slug}")

    assert (response.status_code, response.json()) == (404, {"detail": "Not found."})
