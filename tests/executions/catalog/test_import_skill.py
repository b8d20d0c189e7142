"""`import_skill` takes folders and zips, and names what it refuses."""

import subprocess
import sys
import zipfile
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from executions.catalog.selectors import newest_version
from executions.models import SkillVersion
from tests.factories import SKILL_MD, make_tenant, unknown_id

pytestmark = pytest.mark.django_db


def bundle(folder: Path, *, version: str = "1.0.0", script: str = "print('hi')") -> Path:
    """A valid bundle called `echo` on disk."""
    path = folder / "echo"
    (path / "scripts").mkdir(parents=True, exist_ok=True)
    text = SKILL_MD.format(
        slug="echo", version=version, max_attempts=1, skills="[]", limits="{}", outputs="{type: object}"
    )
    (path / "SKILL.md").write_text(text)
    (path / "scripts" / "run.py").write_text(script)
    return path


def imported(*arguments: object) -> str:
    out = StringIO()
    call_command("import_skill", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_a_folder_is_imported_once_however_often_it_is_asked_for(tmp_path: Path):
    path = bundle(tmp_path)

    assert imported(path).startswith("Imported echo 1.0.0")
    assert imported(path).startswith("Already there: echo 1.0.0")
    assert SkillVersion.objects.count() == 1


def test_a_zip_is_the_same_bundle_as_its_folder(tmp_path: Path):
    path, packed = bundle(tmp_path), tmp_path / "echo.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(path.rglob("*.*")):
            archive.write(file, file.relative_to(tmp_path))
    imported(path)

    assert imported(packed).startswith("Already there")


def test_a_tenants_skill_is_its_own(tmp_path: Path):
    tenant = make_tenant()

    imported(bundle(tmp_path), "--tenant", tenant.id)

    assert SkillVersion.objects.get().skill.tenant == tenant


def test_other_content_under_a_known_version_is_refused(tmp_path: Path):
    imported(bundle(tmp_path))

    with pytest.raises(CommandError, match="other content"):
        imported(bundle(tmp_path, script="print('changed')"))

    assert imported(bundle(tmp_path, script="print('changed')", version="1.1.0")).startswith("Imported")


def test_a_refused_file_is_named(tmp_path: Path):
    path = bundle(tmp_path)
    (path / "secret").symlink_to("/etc/passwd")

    with pytest.raises(CommandError, match=r"Refused: secret: links are not allowed"):
        imported(path)


STOCK = "---\nname: {slug}\ndescription: Greets.\nmetadata:\n  version: {version}\n---\nGreet.\n"


def stock(folder: Path, slug: str, version: str = "1.0") -> Path:
    """A public skill on disk, which says nothing of Callboard."""
    (folder / slug).mkdir(parents=True, exist_ok=True)
    (folder / slug / "SKILL.md").write_text(STOCK.format(slug=slug, version=version))
    return folder / slug


def test_a_public_skill_is_imported_under_a_version_that_names_its_content(tmp_path: Path):
    told = imported(stock(tmp_path, "greet"))

    row = SkillVersion.objects.get()
    assert row.version == f"0.0.0+{row.digest[:12]}"
    assert (row.kind, row.document["metadata"]) == ("prompt", {"version": "1.0"})
    assert "The version '1.0' is no semantic version" in told
    assert imported(tmp_path / "greet").startswith("Already there")


def test_a_changed_public_skill_becomes_its_newest_version(tmp_path: Path):
    first = imported(stock(tmp_path, "greet", "1"))
    second = imported(stock(tmp_path, "greet", "2"))

    newest = newest_version(make_tenant().id, "greet")
    assert newest is not None
    assert newest.version in second
    assert newest.version not in first


def test_a_version_can_be_given(tmp_path: Path):
    imported(stock(tmp_path, "greet"), "--version", "2.1.0")

    assert SkillVersion.objects.get().version == "2.1.0"
    with pytest.raises(CommandError, match="'2' is not a semantic version"):
        imported(tmp_path / "greet", "--version", "2")


def test_many_skills_of_several_paths_are_imported_beside_those_that_are_refused(tmp_path: Path):
    stock(tmp_path / "repo", "greet")
    stock(tmp_path / "repo", "wave")
    (tmp_path / "repo" / "broken").mkdir()
    (tmp_path / "repo" / "broken" / "SKILL.md").write_text("---\nname: other\n---\n")
    out = StringIO()

    with pytest.raises(CommandError) as refused:
        call_command("import_skill", str(tmp_path / "repo"), str(bundle(tmp_path)), stdout=out)

    assert set(SkillVersion.objects.values_list("skill__slug", flat=True)) == {"greet", "wave", "echo"}
    assert "3 of 4 skills." in out.getvalue()
    for told in ("repo/broken:", "name: broken", "description: What the skill does", "needs instructions"):
        assert told in str(refused.value)


def test_a_check_imports_nothing(tmp_path: Path):
    assert imported(stock(tmp_path, "greet"), "--check").startswith("Would import greet 0.0.0+")
    assert not SkillVersion.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("/nowhere/at/all",), "Cannot read"),
        (("{path}", "--tenant", "x"), "no tenant id"),
        (("{path}", "--tenant", str(unknown_id())), "There is no tenant"),
    ],
)
def test_wrong_arguments_are_told(tmp_path: Path, arguments: tuple[str, ...], told: str):
    path = bundle(tmp_path)

    with pytest.raises(CommandError, match=told):
        imported(*(word.format(path=path) for word in arguments))


def test_a_refusal_ends_with_status_one(tmp_path: Path):
    (tmp_path / "SKILL.md").write_text("no front matter")

    ended = subprocess.run(
        [sys.executable, "-m", "django", "import_skill", str(tmp_path), "--skip-checks"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (ended.returncode, "Refused" in ended.stderr) == (1, True)
