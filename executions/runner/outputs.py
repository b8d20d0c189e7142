"""Taking what a run leaves behind, once its process tree is dead."""

import mimetypes
import tempfile
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from django.utils import timezone

from executions.models import Artifact
from executions.runner.outcomes import RunFailed
from executions.runner.staging import disk_failures_told
from executions.runs.db_retry import retry_database
from executions.sandbox import ArtifactRejected, SandboxWorkspace
from spaces.blobs import store_blob
from spaces.ids import new_id
from spaces.models import Blob

UNKNOWN_TYPE = "application/octet-stream"
MAX_TYPE = 100  # characters of a content type

type Declared = Mapping[str, str | None]  # document types by path
type Collect = Callable[[Declared, SandboxWorkspace, uuid.UUID], list[Artifact]]
type Archive = tuple[uuid.UUID, str]  # its id, and its blob's digest


def collect_artifacts(
    declared: Declared, workspace: SandboxWorkspace, execution_id: uuid.UUID
) -> list[Artifact]:
    """Unsaved rows of the declared files, their bytes stored.

    Raises RunFailed for a file that is missing, a link, or not a regular file.
    """
    return [_collected(path, kind, workspace, execution_id) for path, kind in declared.items()]


def collect_what_is_there(
    declared: Declared, workspace: SandboxWorkspace, execution_id: uuid.UUID
) -> list[Artifact]:
    """The same for a run that failed anyway: files that cannot be kept are left out."""
    artifacts = []
    for path, kind in declared.items():
        try:
            artifacts.append(_collected(path, kind, workspace, execution_id))
        except RunFailed:
            continue
    return artifacts


def archive_workspace(workspace: SandboxWorkspace, scratch: Path) -> Archive:
    """Keep the whole workspace as tar.gz, packed in the folder `scratch`; raises RunFailed."""
    with disk_failures_told("archive the workspace"), tempfile.TemporaryFile(dir=scratch) as packed:
        try:
            workspace.archive(packed)
        except ArtifactRejected as rejected:
            raise RunFailed(
                "artifact_rejected", f"The workspace cannot be archived: {rejected}"
            ) from rejected
        return new_id(), _stored(packed).sha256


@retry_database
def _stored(source: BinaryIO) -> Blob:
    """The content from its beginning."""
    source.seek(0)
    return store_blob(source, now=timezone.now())


def _collected(path: str, kind: str | None, workspace: SandboxWorkspace, execution_id: uuid.UUID) -> Artifact:
    try:
        with disk_failures_told(f"keep {path!r}"), workspace.open_regular(path) as source:
            blob = _stored(source)
    except ArtifactRejected as rejected:
        raise RunFailed("artifact_rejected", str(rejected), path=path) from rejected
    return Artifact(
        execution_id=execution_id,
        relpath=path,
        document_type=kind,
        content_type=(mimetypes.guess_type(path)[0] or UNKNOWN_TYPE)[:MAX_TYPE],
        blob=blob,
        size_bytes=blob.size_bytes,
        created_at=timezone.now(),
    )
