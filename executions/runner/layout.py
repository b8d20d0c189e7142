"""The folder of one attempt: its skill, its workspace, and what is staged there."""

import logging
from dataclasses import dataclass
from pathlib import Path

from executions.catalog.manifest import Manifest
from executions.models import SkillExecution
from executions.runner.outcomes import RunFailed
from executions.runner.staging import (
    disk_failures_told,
    lay_out_bundle,
    stage_called_files,
    stage_uploads,
)
from executions.sandbox import SandboxUnavailable, SandboxWorkspace
from executions.sandbox.removal import remove_tree

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AttemptLayout:
    """What is on disk for one attempt; `materials` are the names staged in the workspace."""

    folder: Path
    bundle: Path
    workspace: SandboxWorkspace
    materials: tuple[str, ...]

    def remove(self) -> None:
        """Delete all of it; what cannot be deleted is logged, and goes when the worker starts again."""
        try:
            self.workspace.remove()
            remove_tree(self.folder)
        except OSError:
            logger.exception("The folder %s is left behind", self.folder)


def lay_out(
    execution: SkillExecution, manifest: Manifest, folder: Path, *, calling: SandboxWorkspace | None
) -> AttemptLayout:
    """Make `folder` with the verified skill and a staged workspace; raises RunFailed and leaves nothing.

    `calling` is the workspace of the execution that called this one, whose files are staged then.
    """
    with disk_failures_told("make a folder"):
        folder.mkdir(parents=True)
    workspace = None
    try:
        lay_out_bundle(execution.skill_version, folder / "skill")
        workspace = _new_workspace(folder, manifest)
        if calling is None:
            materials = stage_uploads(execution, workspace)
        else:
            materials = stage_called_files(execution.file_source_ids, caller=calling, workspace=workspace)
        return AttemptLayout(folder, folder / "skill", workspace, materials)
    except BaseException:
        if workspace is not None:
            workspace.remove()
        remove_tree(folder)
        raise


def _new_workspace(folder: Path, manifest: Manifest) -> SandboxWorkspace:
    try:
        with disk_failures_told("make a workspace"):
            return SandboxWorkspace.create(folder, manifest.limits)
    except SandboxUnavailable as unavailable:
        raise RunFailed("sandbox_error", str(unavailable)) from unavailable
