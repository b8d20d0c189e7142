"""A SKILL.md is taken only if every field of its front matter is right."""

import json

import pytest

from executions.catalog.manifest import BundleRefused, Manifest, parse_manifest
from executions.sandbox.limits import MIB, Limits
from tests.executions.catalog.bundle_files import SKILL, skill_with


def refusal(text: str, folder: str | None = "count-words") -> BundleRefused:
    with pytest.raises(BundleRefused) as caught:
        parse_manifest(text, folder=folder)
    return caught.value


def test_a_sound_manifest_has_all_its_fields() -> None:
    manifest = parse_manifest(SKILL, folder="count-words")

    assert manifest.slug == "count-words"
    assert manifest.version == "1.0.0"
    assert (manifest.kind, manifest.entrypoint) == ("script", "scripts/run.py")
    assert manifest.inputs_schema["properties"] == {"text": {"type": "string"}}
    assert manifest.instructions == "Counts words."
    assert (manifest.tools, manifest.skills, manifest.demo) == (frozenset(), (), None)
    assert (manifest.limits, manifest.max_attempts) == (Limits(), 1)


def test_the_stored_document_makes_the_same_manifest_again() -> None:
    manifest = parse_manifest(SKILL, folder=None)

    stored = json.loads(json.dumps(manifest.document))

    assert Manifest.from_document(stored, manifest.instructions) == manifest


def test_structured_values_may_be_json_in_a_string() -> None:
    nested = parse_manifest(
        skill_with("outputs: {type: object}", "outputs: {type: object}\n  tools: []"), folder=None
    )
    strings = skill_with("outputs: {type: object}", """outputs: '{"type": "object"}'\n  tools: "[]\"""")

    assert parse_manifest(strings, folder=None) == nested


def test_limits_are_read_in_their_units() -> None:
    text = skill_with(
        "kind: script", "limits: {wall_seconds: 30, memory_mb: 128, processes: 8}\n  kind: script"
    )

    limits = parse_manifest(text, folder=None).limits

    assert limits == Limits(wall_seconds=30, memory_bytes=128 * MIB, processes=8)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_files_from_any_editor_are_read(line_end: str, mark: str) -> None:
    manifest = parse_manifest(mark + SKILL.replace("\n", line_end), folder="count-words")

    assert manifest.slug == "count-words"


KIND, OUT, TEXT = "kind: script", "{type: object}", "{type: string}"
TEXT_PATH = "metadata.inputs.properties.text"
INPUTS = "    type: object\n"


@pytest.mark.parametrize(
    ("old", "new", "path", "said"),
    [
        ("name: count-words", "name: Count-Words", "name", "lower-case"),
        ("name: count-words", "name: count--words", "name", "lower-case"),
        ("name: count-words", "name: count-words-", "name", "lower-case"),
        ("name: count-words", f"name: {'a' * 65}", "name", "1 to 64"),
        ("name: count-words", "name: executions", "name", "reserved"),
        ("name: count-words\n", "", "name", "missing"),
        ("description: Count the words of a text.", "description: ''", "description", "1 to 1024"),
        ("description: Count", f"description: {'x' * 1024} Count", "description", "1 to 1024"),
        ("description: Count the words of a text.", "description: 2026-01-01", "description", "date"),
        ("description: Count the words of a text.", 'description: "\\0"', "description", "cannot be stored"),
        ("description:", "descripton: x\ndescription:", "descripton", "did you mean `description`?"),
        ("kind: script", "kind: program", "metadata.kind", "one of script, prompt"),
        ("kind: script", "limit: {}\n  kind: script", "metadata.limit", "did you mean `limits`?"),
        ("scripts/run.py", "../run.py", "metadata.entrypoint", "inside the bundle"),
        ("scripts/run.py", "/bin/run.py", "metadata.entrypoint", "inside the bundle"),
        ("scripts/run.py", "scripts/../run.py", "metadata.entrypoint", "inside the bundle"),
        ("scripts/run.py", "scripts\\run.py", "metadata.entrypoint", "inside the bundle"),
        ("scripts/run.py", "scripts/run.sh", "metadata.entrypoint", "inside the bundle"),
        ("  entrypoint: scripts/run.py\n", "", "metadata.entrypoint", "missing"),
        (KIND, "kind: prompt", "metadata.entrypoint", "none"),
        (KIND, "demo: [{say: hi}]\n  kind: script", "metadata.demo", "only a prompt skill"),
        (KIND, "tools: [bash]\n  kind: script", "metadata.tools.0", "unknown tool 'bash'"),
        (KIND, "tools: artifact.commit\n  kind: script", "metadata.tools", "not JSON"),
        (KIND, "skills: [a, a]\n  kind: script", "metadata.skills.1", "given twice"),
        (KIND, "skills: [A]\n  kind: script", "metadata.skills.0", "lower-case"),
        (KIND, "max_attempts: 0\n  kind: script", "metadata.max_attempts", "from 1 to 5"),
        (KIND, "max_attempts: true\n  kind: script", "metadata.max_attempts", "whole number"),
        (KIND, "limits: {memory_gb: 1}\n  kind: script", "metadata.limits.memory_gb", "did you mean"),
        (KIND, "limits: {memory_mb: 5000}\n  kind: script", "metadata.limits.memory_mb", "from 32 to 4096"),
        (KIND, "limits: {wall_seconds: 0.5}\n  kind: script", "metadata.limits.wall_seconds", "whole"),
        (OUT, "{type: array}", "metadata.outputs.type", "must be `object`"),
        (OUT, "{}", "metadata.outputs.type", "must be `object`"),
        (OUT, "'{\"type\"'", "metadata.outputs", "not JSON"),
        (OUT, "[1]", "metadata.outputs", "a mapping"),
        (OUT, "{type: object, 1: 2}", "metadata.outputs", "must be a string"),
        (OUT, "{type: object, default: .inf}", "metadata.outputs.default", "finite"),
        ("  outputs: {type: object}\n", "", "metadata.outputs", "a mapping"),
        (TEXT, "{type: strng}", f"{TEXT_PATH}.type", "strng"),
        (TEXT, "{pattern: '('}", f"{TEXT_PATH}.pattern", "regex"),
        (TEXT, "{minLength: -1}", f"{TEXT_PATH}.minLength", "minimum"),
        (TEXT, "{$ref: 'https://x.org/s'}", f"{TEXT_PATH}.$ref", "outside"),
        (TEXT, "{$ref: other.json}", f"{TEXT_PATH}.$ref", "outside"),
        (TEXT, "{$ref: '#/$defs/no'}", f"{TEXT_PATH}.$ref", "not in this schema"),
        (TEXT, "{$id: 'https://x.org/s'}", f"{TEXT_PATH}.$id", "not supported"),
        (INPUTS, "    type: object\n    $ref: '#'\n", "metadata.inputs", "circular $ref"),
        (INPUTS, "    type: object\n    $schema: http://json-schema.org/draft-07/schema#\n",
         "metadata.inputs.$schema", "2020-12"),
        ("name: count-words", "name: *alias", "SKILL.md", "aliases are not allowed (line 2)"),
        ("name: count-words", "name: count-words\nname: other", "SKILL.md", "`name` is given twice (line 3)"),
        ("name: count-words", "name: [", "SKILL.md", "broken"),
        ("name: count-words", "? [a, b]\n: 1\nname: count-words", "SKILL.md", "broken"),
        ("name: count-words", "name: !!python/object:os.system x", "SKILL.md", "broken"),
        ("name: count-words", f"name: {'[' * 5000}", "SKILL.md", "nested deeper"),
        ("name: count-words", f"name: {'9' * 5000}", "SKILL.md", "broken"),
        ("name: count-words", f"name: {'x' * 70_000}", "SKILL.md", "longer than"),
        ("---\nname", "name", "SKILL.md", "must begin with"),
        ("---\nCounts", "Counts", "SKILL.md", "no closing"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_path(old: str, new: str, path: str, said: str) -> None:
    refused = refusal(skill_with(old, new), folder=None)

    assert refused.path == path
    assert said in str(refused)


def test_the_name_must_be_the_folders() -> None:
    refused = refusal(SKILL, folder="something-else")

    assert refused.path == "name"
    assert "something-else" in refused.reason


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    levels = "\n".join(f"  l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 20))
    bomb = skill_with("metadata:", f"x:\n  l0: &l0 [a]\n{levels}\nmetadata:")

    assert "aliases are not allowed" in str(refusal(bomb))


def test_a_prompt_skill_needs_instructions_and_a_readable_demo() -> None:
    prompt = SKILL.replace("kind: script\n  entrypoint: scripts/run.py", "kind: prompt")

    assert parse_manifest(prompt, folder=None).entrypoint is None
    assert "needs instructions" in str(refusal(prompt.replace("Counts words.\n", "")))
    broken_demo = prompt.replace("kind: prompt", "kind: prompt\n  demo: [{tol: x}]")
    assert refusal(broken_demo).path == "metadata.demo[0]"
