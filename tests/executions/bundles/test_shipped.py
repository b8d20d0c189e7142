"""Every shipped skill is a sound bundle that describes itself fully."""

from collections.abc import Iterator
from typing import Any

import pytest

from executions.catalog.archive import read_folder, read_zip
from tests.executions.bundles.script_play import BUNDLES
from tests.executions.catalog.bundle_files import zipped

SHIPPED = sorted(folder.name for folder in BUNDLES.iterdir())


def properties_in(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property at any depth, with its path."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}.{name}", inner
        yield from properties_in(inner, f"{path}.{name}")
    below = [schema.get("items", {}), *schema.get("oneOf", []), *schema.get("$defs", {}).values()]
    for inner in filter(None, below):
        yield from properties_in(inner, path)


def test_script_and_prompt_skills_are_shipped() -> None:
    kinds = {slug: read_folder(BUNDLES / slug).manifest.kind for slug in SHIPPED}

    assert kinds == {
        "ask-files": "prompt",
        "csv-profile": "script",
        "data-report": "script",
        "document-text": "script",
    }


@pytest.mark.parametrize("slug", SHIPPED)
def test_a_zip_of_a_shipped_skill_is_the_same_bundle(slug: str) -> None:
    bundle = read_folder(BUNDLES / slug)

    from_zip = read_zip(zipped((f"{slug}/{path}", content) for path, content in bundle.files.items()))

    assert from_zip.digest == bundle.digest
    assert from_zip.manifest == bundle.manifest


@pytest.mark.parametrize("slug", SHIPPED)
def test_every_field_of_the_inputs_and_outputs_is_described(slug: str) -> None:
    manifest = read_folder(BUNDLES / slug).manifest

    for schema in (manifest.inputs_schema, manifest.outputs_schema):
        found = list(properties_in(schema))
        assert found
        assert [path for path, inner in found if not inner.get("description")] == []
        assert schema["additionalProperties"] is False


@pytest.mark.parametrize("slug", SHIPPED)
def test_skills_that_are_called_are_shipped_too(slug: str) -> None:
    assert set(read_folder(BUNDLES / slug).manifest.skills) <= set(SHIPPED)
