"""The columns of a row that has a sealed value."""

from django.db import models


class SealedValue(models.Model):
    """A value that is encrypted at rest; `sealed_with` is the id of the key that can open it."""

    sealed = models.BinaryField(null=True, editable=False)
    sealed_with = models.CharField(max_length=40, blank=True, default="", editable=False)

    class Meta:
        abstract = True
