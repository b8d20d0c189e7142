"""Every skill that a folder, a zip or a repository's zip holds, each read or refused by itself."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from executions.catalog.archive import Bundle, bundle_of
from executions.catalog.contents import Contents
from executions.catalog.errors import BundleProblem, BundleRefused
from executions.catalog.folders import read_folder_files, skill_folders
from executions.catalog.zips import MAX_REPOSITORY_BYTES, MAX_REPOSITORY_ENTRIES, read_zip_files

MOST_SKILLS = 1000  # of one import


@dataclass(frozen=True, slots=True)
class FoundSkill:
    """One skill of a source: its `bundle`, or the `problems` for which it is none.

    `place` says where it lies, as the source calls it; `namesake` is the place of another skill of its name.
    """

    place: str
    bundle: Bundle | None
    problems: tuple[BundleProblem, ...] = ()
    namesake: str = ""

    @property
    def tool_names(self) -> list[str]:
        """The tools that it wants, in order."""
        return sorted(self.bundle.manifest.tools) if self.bundle else []

    @property
    def told(self) -> list[str]:
        """What has to be said of one that is taken: what it lacks here, what is left out."""
        if self.bundle is None:
            return []
        told = [*self.bundle.manifest.notes]
        if self.bundle.left_out:
            told.append(f"left out: {', '.join(self.bundle.left_out)}")
        if self.namesake:
            told.append(
                f"another skill of this name is in {self.namesake}: both are versions of one skill now"
            )
        return told


def skills_in_path(path: Path) -> list[FoundSkill]:
    """The skills in a folder, at any depth, or in a zip. Raises BundleRefused for a source that is none at
    all, and OSError.
    """
    path = path.resolve()
    if not path.is_dir():
        with path.open("rb") as source:
            return [replace(one, place=f"{path.name}/{one.place}") for one in skills_in_zip(source)]
    places = skill_folders(path) or [path]
    return _named_apart(
        _found(str(place.relative_to(path.parent)), read_folder_files(place), place.name) for place in places
    )


def skills_in_zip(source: BinaryIO) -> list[FoundSkill]:
    """The skills in a zip, at any depth. Raises BundleRefused for what is no safe zip."""
    found = read_zip_files(source, most_bytes=MAX_REPOSITORY_BYTES, most_entries=MAX_REPOSITORY_ENTRIES)
    return _named_apart(
        _found(place, contents, place.rpartition("/")[2] or None, is_only=len(found) == 1)
        for place, contents in found.items()
    )


def _found(place: str, contents: Contents, folder: str | None, *, is_only: bool = False) -> FoundSkill:
    try:
        return FoundSkill(place, bundle_of(contents, folder=folder, is_only=is_only))
    except BundleRefused as refused:
        return FoundSkill(place, None, refused.problems)


def _named_apart(found: Iterable[FoundSkill]) -> list[FoundSkill]:
    """The same; what is called like an earlier skill of the source, and is another, says so."""
    first: dict[str, FoundSkill] = {}
    told: list[FoundSkill] = []
    for one in found:
        if len(told) == MOST_SKILLS:
            raise BundleRefused(f"there are more than {MOST_SKILLS} skills")
        other = first.setdefault(one.bundle.manifest.slug, one) if one.bundle else one
        told.append(one if one.bundle == other.bundle else replace(one, namesake=other.place))
    return told
