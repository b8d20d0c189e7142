"""Files that a principal uploaded into its personal collection."""

from typing import ClassVar

from django.db import models

from spaces.ids import new_id
from spaces.models.blob import Blob
from spaces.models.principal import Principal
from spaces.models.tenant import Tenant


class UploadedFile(models.Model):
    """One upload; of several with the same name the newest is the one that a run gets."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    principal = models.ForeignKey(Principal, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=255)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            # The newest file of a name in somebody's collection.
            models.Index(fields=["principal", "name", "-created_at"], name="file_by_name"),
        ]

    def __str__(self) -> str:
        return self.name
