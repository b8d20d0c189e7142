"""Laying out what a run needs on disk: its verified bundle and its materials."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from executions.actions.pinned_files import pinned_files
from executions.catalog.archive import BundleTampered, unpack
from executions.models import SkillExecution, SkillVersion
from executions.runner.outcomes import RunFailed
from executions.runs.db_retry import retry_database
from executions.sandbox import ArtifactRejected, SandboxWorkspace
from spaces.blobs import open_blob

_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def disk_failures_told(doing: str) -> Iterator[None]:
    """Turn an OSError of the block into a RunFailed that says what could not be done, and why."""
    try:
        yield
    except OSError as error:
        why = "its disk is full" if error.errno in _FULL else (error.strerror or str(error))
        raise RunFailed("sandbox_error", f"The worker could not {doing}: {why}.") from error


def lay_out_bundle(version: SkillVersion, into: Path) -> None:
    """Unpack the stored bundle into a folder that does not exist yet; raises RunFailed.

    Decision: unpacked anew for each run rather than cached, so that what is verified is what is run.
    """
    with disk_failures_told("unpack the skill"):
        try:
            with open_blob(version.bundle_id) as stored:
                packed = stored.read()
            unpack(packed, into, expected_digest=version.digest)
        except FileNotFoundError:
            raise RunFailed("bundle_integrity", "The stored bundle is missing.") from None
        except BundleTampered as tampered:
            raise RunFailed("bundle_integrity", str(tampered), digest=version.digest) from tampered


def stage_uploads(execution: SkillExecution, workspace: SandboxWorkspace) -> tuple[str, ...]:
    """Copy the files into the workspace that were chosen when the execution was asked for.

    Returns the staged names in the order they were asked for; raises RunFailed.
    """
    staged = retry_database(pinned_files)(execution)
    with disk_failures_told("copy the files"):
        for file in staged:
            try:
                with open_blob(file.sha256) as source:
                    workspace.stage(file.name, source)
            except ArtifactRejected as rejected:
                raise RunFailed("workspace_limit", str(rejected)) from rejected
    return tuple(file.name for file in staged)


def stage_called_files(
    paths: list[str], *, caller: SandboxWorkspace, workspace: SandboxWorkspace
) -> tuple[str, ...]:
    """Copy files of the calling skill's workspace; each keeps its last name. Raises RunFailed."""
    names: list[str] = []
    with disk_failures_told("copy the caller's files"):
        for path in paths:
            name = PurePosixPath(path).name
            if name in names:
                raise RunFailed("artifact_rejected", f"Two files are called {name!r}.")
            try:
                with caller.open_regular(path) as source:
                    workspace.stage(name, source)
            except ArtifactRejected as rejected:
                raise RunFailed("artifact_rejected", str(rejected)) from rejected
            names.append(name)
    return tuple(names)
