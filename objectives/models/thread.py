"""What a chat keeps beside its objective: a thread's name and place, a space's agent, a message's files."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from objectives.models.agent import Agent
from objectives.models.history import UserMessage
from objectives.models.objective import Objective
from spaces.ids import new_id
from spaces.models import Blob, Principal, Space

MOST_TITLE = 200  # characters


class Thread(models.Model):
    """An objective that people talk with; what is said stands in its log.

    `client_id` is what the client that began it calls it, "" for nothing.
    """

    objective = models.OneToOneField(
        Objective, primary_key=True, on_delete=models.CASCADE, related_name="thread"
    )
    space = models.ForeignKey(Space, on_delete=models.PROTECT, related_name="+", db_index=False)
    created_by = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="+", db_index=False)
    title = models.CharField(max_length=MOST_TITLE, blank=True, default="")
    is_titled = models.BooleanField(default=False)  # by a person or the model, not by its first message
    project_id = models.CharField(max_length=255, blank=True, default="")
    client_id = models.CharField(max_length=255, blank=True, default="")
    metadata = models.JSONField(null=True)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["space", "created_by", "client_id"],
                condition=~Q(client_id=""),
                name="a_client_begins_a_thread_once",
            ),
        ]
        indexes: ClassVar = [
            # The threads of a space, and those of one project.
            models.Index(fields=["space", "objective"], name="thread_by_space"),
            models.Index(fields=["space", "project_id", "objective"], name="thread_by_project"),
        ]

    def __str__(self) -> str:
        return self.title or str(self.pk)


class MessageFile(models.Model):
    """A file that was sent along with a message; its bytes stay as long as the message does."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    message = models.ForeignKey(UserMessage, on_delete=models.CASCADE, related_name="files", db_index=False)
    place = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=255)
    mime_type = models.CharField(max_length=255)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "place"], name="a_file_has_its_place_in_its_message"),
        ]

    def __str__(self) -> str:
        return self.name


class ChatSettings(models.Model):
    """How a space's chat is set up: `agent` answers where nobody names another."""

    space = models.OneToOneField(Space, primary_key=True, on_delete=models.CASCADE, related_name="+")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"chat of {self.space_id}"
