"""Single-use tickets with which a browser opens a websocket."""

from typing import ClassVar

from django.db import models

from spaces.ids import new_id
from spaces.models.apikey import ApiKey
from spaces.models.principal import Principal


class Ticket(models.Model):
    """Stands for its caller for a minute, once; kept as a digest like a key."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    principal = models.ForeignKey(Principal, on_delete=models.CASCADE, related_name="+")
    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, null=True, related_name="+")
    # Of a signed-in person; what the ticket opened ends with this session. Exactly one of the two is set.
    session_key = models.CharField(max_length=40, null=True, editable=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(api_key__isnull=False, session_key__isnull=True)
                | models.Q(api_key__isnull=True, session_key__isnull=False),
                name="a_ticket_rests_on_a_key_or_a_session",
            ),
        ]
        indexes: ClassVar = [
            # What `prune` deletes: tickets whose minute is over.
            models.Index(fields=["expires_at"], name="ticket_by_expiry"),
        ]

    def __str__(self) -> str:
        return f"ticket of {self.principal}"
