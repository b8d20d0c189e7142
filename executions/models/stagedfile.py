"""Files that an execution was given when it was asked for."""

from django.db import models

from executions.models.execution import SkillExecution
from spaces.models import Blob


class StagedFile(models.Model):
    """One file, pinned by its bytes: every attempt, and whoever retries, gets the same.

    `position` counts from 0 in the order of the execution's `file_source_ids`, of which names that the
    collection did not hold have no row. A sub-execution has none: its files are its caller's.
    """

    pk = models.CompositePrimaryKey("execution_id", "position")
    execution = models.ForeignKey(
        SkillExecution, on_delete=models.CASCADE, related_name="staged_files", db_index=False
    )
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=255)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.name
