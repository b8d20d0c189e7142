"""A prompt skill that an agent reads into its conversation instead of running it."""

from typing import Any

import pytest
from django.utils import timezone

from executions.catalog.importer import import_bundle
from executions.catalog.sources import skills_in_zip
from executions.models import Artifact, SkillExecution, SkillVersion
from executions.runs.worker.context import Bench
from objectives.models import CallKind, ToolCall
from objectives.planning.plan import Plan
from tests.executions.catalog.bundle_files import zipped
from tests.factories import Actor, make_actor, make_skill
from tests.objectives.agent_loop.working import calls_of, start, work

pytestmark = pytest.mark.django_db

BODY = "Greet as references/tone.md says."
FILES = {
    "SKILL.md": f"---\nname: greet\ndescription: Greets people.\nallowed-tools: WebFetch\n---\n{BODY}\n",
    "references/tone.md": "Warmly.",
    "assets/wave.png": "\0",
}


@pytest.fixture
def actor() -> Actor:
    return make_actor()


def import_greet(actor: Actor, **changed: str) -> SkillVersion:
    """The skill `greet` of the actor's tenant; `changed` replaces its SKILL.md."""
    files = {**FILES, **({"SKILL.md": changed["skill"]} if changed else {})}
    (found,) = skills_in_zip(zipped((f"greet/{path}", text.encode()) for path, text in files.items()))
    assert found.bundle is not None
    version, _ = import_bundle(bundle=found.bundle, tenant_id=actor.tenant.id, now=timezone.now())
    return version


def read(actor: Actor, bench: Bench, *calls: dict[str, Any]) -> list[ToolCall]:
    """What calls of `greet` with these arguments came to."""
    script = [*({"tool": "greet", "arguments": arguments} for arguments in calls), {"say": "Hello!"}]
    labels = {"callboard/skill.greet": "read"}
    return list(calls_of(work(start(actor, script=script, labels=labels), bench)))


def texts(call: ToolCall) -> str:
    return "".join(block["text"] for block in call.result or [])


def test_the_instructions_come_into_the_conversation_without_an_execution(actor: Actor, bench: Bench):
    version = import_greet(actor)

    (call,) = read(actor, bench, {})

    assert (call.kind, call.approval) == (CallKind.READING, "auto_approved")
    assert f"[The skill greet {version.version}." in texts(call)
    assert BODY in texts(call)
    assert "- references/tone.md (7 bytes)" in texts(call)
    assert "WebFetch" in texts(call)
    assert not SkillExecution.objects.exists()
    assert not Artifact.objects.exists()


@pytest.mark.parametrize("name", ["references/tone.md", "skill/references/tone.md", "./references/tone.md"])
def test_a_file_of_the_skill_is_read_on_demand(actor: Actor, bench: Bench, name: str):
    import_greet(actor)

    _, call = read(actor, bench, {}, {"file": name})

    assert texts(call) == "Warmly."


@pytest.mark.parametrize(
    ("name", "told"), [("assets/wave.png", "cannot be read as text"), ("../x", "has no file")]
)
def test_what_cannot_be_read_is_said(actor: Actor, bench: Bench, name: str, told: str):
    import_greet(actor)

    (call,) = read(actor, bench, {"file": name})

    assert call.execution == "errored"
    assert told in call.error_message


def test_a_long_body_is_cut_and_read_on_like_any_result(actor: Actor, bench: Bench):
    import_greet(actor, skill=FILES["SKILL.md"] + "Greet once more.\n" * 10_000)

    (call,) = read(actor, bench, {})

    assert "call read_result with" in texts(call)


def test_what_is_read_is_the_version_of_when_the_objective_was_made(actor: Actor, bench: Bench):
    import_greet(actor)
    script = [{"tool": "greet", "arguments": {}}, {"say": "Hello!"}]
    objective = start(actor, script=script, labels={"callboard/skill.greet": "read"})
    import_greet(actor, skill=FILES["SKILL.md"] + "Or do not.\n")

    (call,) = calls_of(work(objective, bench))

    assert "Or do not." not in texts(call)


def test_a_script_skill_is_not_offered_for_reading(actor: Actor):
    make_skill(tenant=actor.tenant, slug="echo")

    objective = start(actor, script=[{"say": "x"}], labels={"callboard/skill.echo": "read"})

    assert [one.function for one in Plan.read(objective.plan).offered] == []
