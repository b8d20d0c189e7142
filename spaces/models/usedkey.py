"""Idempotency keys that callers have used, and what was made of each."""

from typing import ClassVar

from django.db import models

from spaces.ids import new_id
from spaces.models.principal import Principal
from spaces.models.tenant import Space


class UsedKey(models.Model):
    """One caller's key in one space: what was asked for with it, and the id of what was made of that.

    Both digests are SHA-256. That of the request is keyed with the key itself, which is kept nowhere: a
    request may hold secrets, and nobody who reads this table can try guesses of them.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    space = models.ForeignKey(Space, on_delete=models.CASCADE, related_name="+", db_index=False)
    principal = models.ForeignKey(Principal, on_delete=models.CASCADE, related_name="+", db_index=False)
    key_digest = models.BinaryField(max_length=32, editable=False)
    request_digest = models.BinaryField(max_length=32, editable=False)
    made = models.UUIDField(null=True)  # empty only inside the transaction that makes it
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["space", "principal", "key_digest"], name="an_idempotency_key_is_used_once"
            ),
        ]
        indexes: ClassVar = [
            # What `prune` deletes: keys that are older than events are kept.
            models.Index(fields=["created_at"], name="used_key_by_time"),
        ]

    def __str__(self) -> str:
        return f"key used by {self.principal_id}"
