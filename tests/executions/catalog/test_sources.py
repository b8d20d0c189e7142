"""Folders, zips and repositories give every skill that is in them, each by itself."""

from pathlib import Path

import pytest

from executions.catalog.archive import BundleRefused
from executions.catalog.sources import FoundSkill, skills_in_path, skills_in_zip
from tests.executions.catalog.bundle_files import FILES, SKILL, written, zipped

STOCK = "---\nname: {}\ndescription: Greets.\n---\nGreet.\n"


def repository() -> dict[str, bytes]:
    return {
        "README.md": b"Skills.",
        "skills/greet/SKILL.md": STOCK.format("greet").encode(),
        "skills/greet/.env": b"SECRET=1",
        "skills/greet/node_modules/x/SKILL.md": b"not one",
        "skills/greet/examples/inner/SKILL.md": STOCK.format("inner").encode(),
        "more/wave/skill.md": STOCK.format("wave").encode(),
        "broken/SKILL.md": b"no front matter",
        ".git/hooks/SKILL.md": b"not one",
    }


def shown(found: list[FoundSkill]) -> list[tuple[str, str | None]]:
    return [(one.place, one.bundle.manifest.slug if one.bundle else None) for one in found]


def test_a_repository_gives_its_skills_as_a_folder_and_as_a_zip(tmp_path: Path) -> None:
    (tmp_path / "repo.zip").write_bytes(
        zipped((f"repo-main/{path}", content) for path, content in repository().items()).getvalue()
    )
    (written(tmp_path / "repo", repository()) / "link").symlink_to(tmp_path)

    in_folder, in_zip = skills_in_path(tmp_path / "repo"), skills_in_path(tmp_path / "repo.zip")

    assert shown(in_folder) == [
        ("repo/broken", None),
        ("repo/more/wave", "wave"),
        ("repo/skills/greet", "greet"),
    ]
    assert shown(in_zip) == [
        (f"repo.zip/repo-main{place.removeprefix('repo')}", slug) for place, slug in shown(in_folder)
    ]
    assert [one.bundle for one in in_zip] == [one.bundle for one in in_folder]
    assert in_folder[2].bundle is not None
    assert sorted(in_folder[2].bundle.files) == ["SKILL.md", "examples/inner/SKILL.md"]
    for found in (in_folder, in_zip):
        assert found[2].told == ["left out: .env, node_modules/"]


def test_a_repository_that_is_one_skill_may_lie_under_its_branch() -> None:
    (found,) = skills_in_zip(zipped((f"count-words-main/{path}", content) for path, content in FILES.items()))

    assert found.bundle is not None


def test_two_skills_of_one_name_are_told() -> None:
    one, other = STOCK.format("greet"), STOCK.format("greet") + "Warmly.\n"
    found = skills_in_zip(zipped([("a/greet/SKILL.md", one.encode()), ("b/greet/SKILL.md", other.encode())]))

    assert [one.told for one in found] == [
        [],
        ["another skill of this name is in a/greet: both are versions of one skill now"],
    ]


def test_files_that_cannot_be_taken_are_told_with_what_is_wrong_in_the_front_matter(tmp_path: Path) -> None:
    broken = SKILL.replace("kind: script", "kind: program").encode()
    folder = written(tmp_path / "count-words", {"SKILL.md": broken})
    (folder / "a").symlink_to("SKILL.md")
    (folder / "b").symlink_to("SKILL.md")

    (found,) = skills_in_path(folder)

    assert [problem.path for problem in found.problems] == ["a", "b", "metadata.kind"]


def test_a_zip_that_leads_out_of_itself_gives_nothing() -> None:
    entries = [("greet/SKILL.md", STOCK.format("greet").encode()), ("../evil", b"")]

    with pytest.raises(BundleRefused, match="outside the bundle"):
        skills_in_zip(zipped(entries))


@pytest.mark.parametrize(
    ("name", "stays"),
    [(".env", False), (".env.local", False), (".env.example", True), ("id_ed25519", False), (".npmrc", False),
     ("environment.md", True), ("scripts/__pycache__/x.pyc", False), (".gitignore", True)],
)  # fmt: skip
def test_secrets_and_leavings_stay_out(name: str, stays: bool) -> None:
    (found,) = skills_in_zip(zipped([*FILES.items(), (name, b"x")]))

    assert found.bundle is not None
    assert (name in found.bundle.files) is stays
    assert bool(found.bundle.left_out) is not stays
