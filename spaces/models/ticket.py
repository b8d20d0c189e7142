"""Tickets, with which a browser comes in: for one websocket, or for one thing as long as they say."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from spaces.ids import new_id
from spaces.models.apikey import ApiKey
from spaces.models.principal import Principal
from spaces.models.tenant import Space


class Ticket(models.Model):
    """Stands for its caller, once, for a minute; or, where it has a target, for that alone until it expires.

    Kept as a digest like a key. `kind`, `name` and `thread_id` are its
    `spaces.ticket_scopes.TicketSubject`, in `space`; `may` are its `spaces.ticket_scopes.May`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    principal = models.ForeignKey(Principal, on_delete=models.CASCADE, related_name="+")
    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, null=True, related_name="+")
    # Of a signed-in person; what the ticket opened ends with this session. Exactly one of the two is set.
    session_key = models.CharField(max_length=40, null=True, editable=False)
    space = models.ForeignKey(Space, on_delete=models.CASCADE, null=True, related_name="+", db_index=False)
    kind = models.CharField(max_length=20, null=True, editable=False)
    name = models.TextField(null=True, editable=False)
    thread_id = models.TextField(null=True, editable=False)
    may = ArrayField(models.CharField(max_length=10), null=True, editable=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(api_key__isnull=False, session_key__isnull=True)
                | models.Q(api_key__isnull=True, session_key__isnull=False),
                name="a_ticket_rests_on_a_key_or_a_session",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    space__isnull=False, kind__isnull=False, name__isnull=False, may__isnull=False
                )
                | models.Q(
                    space__isnull=True,
                    kind__isnull=True,
                    name__isnull=True,
                    thread_id__isnull=True,
                    may__isnull=True,
                ),
                name="a_ticket_is_for_one_thing_or_for_all",
            ),
        ]
        indexes: ClassVar = [
            # What `prune` deletes: tickets that are over.
            models.Index(fields=["expires_at"], name="ticket_by_expiry"),
        ]

    def __str__(self) -> str:
        return f"ticket of {self.principal}"
