"""Choosing the files of a new execution, once: what is uploaded later is for later executions."""

import uuid
from collections.abc import Sequence
from typing import NamedTuple

from executions.models import SkillExecution, StagedFile
from spaces.uploads import newest_files


class PinnedFile(NamedTuple):
    """A file's name in the workspace, and the digest of its bytes."""

    name: str
    sha256: str


def choose_files(principal_id: uuid.UUID, names: Sequence[str]) -> tuple[PinnedFile, ...]:
    """The newest file of each name in the principal's collection, in the order of the names.

    Names that it does not hold are skipped, repeated ones counted once.
    """
    found = {file.name: file for file in newest_files(principal_id=principal_id, names=names)}
    wanted = dict.fromkeys(name for name in names if name in found)
    return tuple(PinnedFile(name, found[name].blob_id) for name in wanted)


def pinned_files(execution: SkillExecution) -> tuple[PinnedFile, ...]:
    """The files that were chosen when the execution was made."""
    if not execution.file_source_ids:
        return ()
    rows = StagedFile.objects.filter(execution=execution).order_by("position")
    return tuple(PinnedFile(name, sha256) for name, sha256 in rows.values_list("name", "blob_id"))


def pin_files(execution: SkillExecution, files: Sequence[PinnedFile]) -> None:
    """Write them; the caller's transaction is the one that makes the execution."""
    StagedFile.objects.bulk_create(
        StagedFile(execution=execution, position=position, name=file.name, blob_id=file.sha256)
        for position, file in enumerate(files)
    )
