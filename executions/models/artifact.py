"""Files that an execution chose to keep."""

from typing import ClassVar

from django.db import models

from executions.models.execution import SkillExecution
from spaces.ids import new_id
from spaces.models import Blob


class Artifact(models.Model):
    """One committed file; `relpath` is where it lay in the workspace."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    execution = models.ForeignKey(SkillExecution, on_delete=models.CASCADE, related_name="artifacts")
    relpath = models.CharField(max_length=1024)
    document_type = models.CharField(max_length=100, null=True)
    content_type = models.CharField(max_length=100)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")
    size_bytes = models.BigIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["execution", "relpath"], name="a_path_is_committed_once"),
        ]

    def __str__(self) -> str:
        return self.relpath
