"""Stored bytes, addressed by their SHA-256."""

from django.db import models


class Blob(models.Model):
    """Bytes in the blob storage; several rows of several tenants may point at one blob.

    A blob is never handed out by its digest: every read goes through a row that its reader may see.
    """

    sha256 = models.CharField(max_length=64, primary_key=True, editable=False)
    size_bytes = models.BigIntegerField(editable=False)
    created_at = models.DateTimeField(editable=False)
    touched_at = models.DateTimeField(editable=False, help_text="Last time a new reference to it was made.")

    def __str__(self) -> str:
        return self.sha256
