"""Skills of the public format are taken as they are, whoever they were written for."""

from datetime import timedelta

import pytest

from executions.catalog.allowed_tools import TOOLS
from executions.catalog.importer import version_order
from executions.catalog.manifest import BundleRefused, Manifest, parse_manifest
from tests.factories import NOW

BARE = "---\nname: count-words\ndescription: Counts words.\n{}---\nCount the words.\n"


def manifest(extra: str = "", *, name: str = "count-words") -> Manifest:
    return parse_manifest(BARE.format(extra).replace("count-words", name), folder=name)


def test_a_name_a_description_and_a_body_are_enough() -> None:
    bare = manifest()

    assert (bare.kind, bare.version, bare.stated_version, bare.is_foreign) == ("prompt", None, None, True)
    assert bare.tools == TOOLS
    assert {bare.inputs_schema["type"], bare.outputs_schema["type"]} == {"object"}
    assert "required" not in bare.inputs_schema | bare.outputs_schema
    assert Manifest.from_document(bare.document, bare.instructions) == bare


@pytest.mark.parametrize(
    ("extra", "kept"),
    [
        ("metadata:\n  author: Ines\n  tags: [a, b]\n", {"metadata": {"author": "Ines", "tags": ["a", "b"]}}),
        ("metadata:\n  date: 2026-01-01\n  1: 2\n", {"metadata": {"date": "2026-01-01", "1": "2"}}),
        ("metadata:\n  kind: workflow\n", {"metadata": {"kind": "workflow"}}),
        ("metadata:\n  skill-version: 1.10\n", {"metadata": {"skill-version": "1.10"}}),
        (
            "metadata:\n  tools: jq, curl\n  limits: none\n",
            {"metadata": {"tools": "jq, curl", "limits": "none"}},
        ),
        ("metadata:\n", {"metadata": {}}),
        (f"license: {'x' * 5000}\n", {"license": "x" * 5000}),
        ("compatibility: Needs git\n", {"compatibility": "Needs git"}),
        ("allowed-tools: Read Write\n", {"allowed-tools": "Read Write"}),
        ("author: Ines\n", {"author": "Ines"}),
    ],
)
def test_what_others_put_into_the_front_matter_is_kept(extra: str, kept: dict[str, object]) -> None:
    taken = manifest(extra)

    assert taken.kind == "prompt"
    assert {key: taken.document[key] for key in kept} == kept
    assert Manifest.from_document(taken.document, taken.instructions) == taken


@pytest.mark.parametrize("version", ["1.0", "v2", "2026-01-01", "latest"])
def test_a_version_that_is_no_semantic_one_is_kept_beside_ours(version: str) -> None:
    taken = manifest(f"metadata:\n  version: {version}\n")

    assert (taken.version, taken.stated_version) == (None, version)
    assert any(version in note for note in taken.notes)


def test_our_keys_may_be_yaml_or_json_in_strings() -> None:
    block = "  inputs: |\n    type: object\n    properties:\n      text: {type: string}\n"
    taken = manifest(
        f'metadata:\n  kind: prompt\n{block}  outputs: \'{{"type": "object"}}\'\n  max_attempts: "2"\n'
    )

    assert taken.inputs_schema == {"type": "object", "properties": {"text": {"type": "string"}}}
    assert (taken.outputs_schema, taken.max_attempts, taken.is_foreign) == ({"type": "object"}, 2, False)


def test_an_entry_point_makes_a_script() -> None:
    assert manifest("metadata:\n  entrypoint: scripts/run.py\n").kind == "script"


@pytest.mark.parametrize("name", ["données-2", "数据", "ß"])
def test_names_of_any_script_are_names(name: str) -> None:
    assert manifest(name=name).slug == name


@pytest.mark.parametrize(
    ("allowed", "tools", "missing"),
    [
        ("Read", set(), ()),
        ("Read, Write", {"workspace.fs.write"}, ()),
        ("Bash", {"workspace.shell", "workspace.code.python"}, ()),
        ("Bash(git:*) Bash(jq *)", {"workspace.shell"}, ()),
        ("Bash(python3 scripts/x.py:*)", {"workspace.shell", "workspace.code.python"}, ()),
        ("workspace.code.python WebFetch mcp__x__y", {"workspace.code.python"}, ("WebFetch", "mcp__x__y")),
        ("\n  - Edit\n  - Task(x, y)", {"workspace.fs.write"}, ("Task(x, y)",)),
    ],
)
def test_allowed_tools_narrow_and_what_is_not_here_is_said(
    allowed: str, tools: set[str], missing: tuple[str, ...]
) -> None:
    taken = manifest(f"allowed-tools: {allowed}\n")

    always = {"workspace.fs.list", "workspace.fs.read", "artifact.commit"}
    assert taken.tools == always | tools
    assert taken.missing_tools == missing
    assert all(any(name in note for note in taken.notes) for name in missing)


def test_all_problems_are_told_at_once_with_the_lines_that_mend_them() -> None:
    text = (
        "---\nname: Count_Words\nlicence: MIT\nmetadata:\n  kind: script\n  inputs: {type: array}\n"
        "  limits: {memory_mb: 1, cpu: 2}\n  tools: [bash, curl]\n---\n"
    )
    with pytest.raises(BundleRefused) as caught:
        parse_manifest(text, folder="Count Words")

    assert [(problem.path, problem.mend) for problem in caught.value.problems] == [
        ("licence", "license: …"),
        ("name", "name: count-words"),
        ("description", "description: What the skill does, and when to use it."),
        ("metadata.entrypoint", "entrypoint: scripts/run.py"),
        ("metadata.inputs.type", "type: object"),
        ("metadata.outputs", ""),
        ("metadata.tools.0", ""),
        ("metadata.tools.1", ""),
        ("metadata.limits.memory_mb", ""),
        ("metadata.limits.cpu", ""),
    ]
    assert "name: count-words" in str(caught.value)


def test_a_colon_in_plain_text_is_answered_with_the_line_in_quotes() -> None:
    with pytest.raises(BundleRefused) as caught:
        parse_manifest("---\nname: a\ndescription: Use it: for “words”\n---\nx", folder="a")

    assert caught.value.problems[0].mend == 'description: "Use it: for “words”"'


def test_versions_that_name_their_content_sort_by_when_they_were_imported() -> None:
    later = NOW + timedelta(seconds=1)
    texts = ["0.0.0+ff", "0.0.0+aa", "0.0.1-rc.1+a", "0.0.1-rc.1.1", "0.0.1"]
    times = [NOW, later, later, NOW, NOW]

    ordered = [version_order(text, time) for text, time in zip(texts, times, strict=True)]

    assert ordered == sorted(ordered)
