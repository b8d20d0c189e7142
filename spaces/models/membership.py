"""Which principal belongs to which space, and as what."""

from typing import ClassVar

from django.db import models

from spaces.ids import new_id
from spaces.models.principal import Principal
from spaces.models.tenant import Space


class Role(models.TextChoices):
    VIEWER = "viewer", "Viewer"  # reads everything in the space
    MEMBER = "member", "Member"  # also starts, cancels and decides
    ADMIN = "admin", "Admin"  # also changes the space, its skills, people and keys


class Membership(models.Model):
    """One principal in one space."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    space = models.ForeignKey(Space, on_delete=models.CASCADE, related_name="memberships")
    principal = models.ForeignKey(Principal, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["space", "principal"], name="a_principal_is_in_a_space_once"),
        ]

    def __str__(self) -> str:
        return f"{self.principal} in {self.space} ({self.role})"
