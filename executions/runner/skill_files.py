"""The files of a prompt skill's own bundle, as its model reaches them: read-only, below `skill/`.

A body names them relative to the skill's folder (`scripts/x.py`, `references/y.md`), so a path that the
workspace does not have is looked for there, too; programs find the same by links in their workspace.
"""

import stat
from pathlib import Path
from typing import BinaryIO

from executions.runner.run import LeasedRun
from executions.runner.tool_failure import ToolFailed
from executions.sandbox.errors import ArtifactRejected
from executions.sandbox.paths import checked_parts

FOLDER = "skill"
INSIDE = "/skill"  # where the sandbox has it
READ_ONLY = "the skill's own files are read-only; write somewhere else, such as below outputs/"


def skill_files(bundle: Path) -> list[tuple[str, int]]:
    """Path in the bundle and size in bytes of every file, by path; without SKILL.md, which the model has."""
    files = [
        (str(file.relative_to(bundle)), file.stat().st_size) for file in bundle.rglob("*") if file.is_file()
    ]
    return sorted(one for one in files if one[0].upper() != "SKILL.MD")


def list_skill_files(run: LeasedRun, folder: str) -> list[tuple[str, int]]:
    """The same of one folder (`skill`, `skill/scripts`, `scripts`), as paths that can be read."""
    inner = folder.removeprefix(FOLDER).strip("/") if _is_below(folder) else folder
    return [
        (f"{FOLDER}/{path}", size)
        for path, size in skill_files(run.bundle)
        if not inner or path == inner or path.startswith(f"{inner}/")
    ]


def open_file(run: LeasedRun, path: str) -> BinaryIO:
    """A file of the skill or of the workspace, to read; raises ArtifactRejected."""
    if _is_below(path):
        return _open(run, path.removeprefix(f"{FOLDER}/"), path)
    try:
        return run.workspace.open_regular(path)
    except ArtifactRejected:
        try:
            return _open(run, path, path)
        except ArtifactRejected:
            pass
        raise


def refuse_own(run: LeasedRun, path: str) -> None:
    """Raises ToolFailed for a path that leads into the skill's own files."""
    first, slash, _ = path.partition("/")
    leads_in = bool(slash) and first in links(run) and not _is_folder(run.workspace.path / first)
    if _is_below(path) or leads_in:
        raise ToolFailed(f"{path}: {READ_ONLY}")


def links(run: LeasedRun) -> dict[str, str]:
    """Name in the workspace → path inside the sandbox, so that a program finds the skill's files."""
    taken = {"inputs", "outputs", "code"}
    entries = sorted(entry.name for entry in run.bundle.iterdir()) if run.bundle.is_dir() else []
    return {FOLDER: INSIDE, **{name: f"{INSIDE}/{name}" for name in entries if name not in taken}}


def _is_below(path: str) -> bool:
    return path == FOLDER or path.startswith(f"{FOLDER}/")


def _is_folder(path: Path) -> bool:
    """Without following a link, which a program may have made."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def _open(run: LeasedRun, inner: str, path: str) -> BinaryIO:
    """A verified bundle holds no links, so that a plain path stays inside it."""
    file = run.bundle.joinpath(*checked_parts(inner))
    if not file.is_file():
        raise ArtifactRejected(path, "does not exist")
    return file.open("rb")
