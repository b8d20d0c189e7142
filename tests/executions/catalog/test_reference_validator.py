"""What ships and what the documents show is valid for the format's own reference validator."""

import re
from pathlib import Path

import pytest
from skills_ref import read_properties, validate

from executions.catalog.archive import read_folder
from tests.executions.catalog.bundle_files import written

ROOT = Path(__file__).resolve().parents[3]
BUNDLES = sorted(path for path in (ROOT / "executions" / "bundles").iterdir() if path.is_dir())
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_SKILL = re.compile(r"^```\w*\n(---\nname: ([\w-]+)\n.*?)^```$", re.DOTALL | re.MULTILINE)
SHOWN = [(path.name, name, text) for path in DOCUMENTS for text, name in _SKILL.findall(path.read_text())]


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda path: path.name)
def test_a_shipped_bundle_is_valid_and_keeps_only_strings_under_metadata(bundle: Path) -> None:
    assert validate(bundle) == []

    manifest = read_folder(bundle).manifest
    stated = read_properties(bundle)
    assert (stated.name, stated.description) == (manifest.slug, manifest.description)
    assert stated.metadata
    assert stated.metadata["version"] == manifest.version


@pytest.mark.parametrize(("document", "name", "text"), SHOWN, ids=[f"{one[0]}-{one[1]}" for one in SHOWN])
def test_a_skill_in_a_document_is_valid(tmp_path: Path, document: str, name: str, text: str) -> None:
    folder = written(tmp_path / name, {"SKILL.md": text.encode(), "scripts/run.py": b""})

    assert validate(folder) == []
    assert read_folder(folder).manifest.slug == name


def test_the_documents_show_a_skill() -> None:
    assert SHOWN
