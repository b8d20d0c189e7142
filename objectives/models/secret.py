"""Values that go into requests and never come out: encrypted, by name."""

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q

from objectives.models.resource import Resource, newest_in_space
from objectives.models.sealedvalue import SealedValue
from objectives.models.toolset import ToolSet

if TYPE_CHECKING:
    from objectives.models.objective import Objective


class SecretSource(StrEnum):
    """Which scope a secret was found in, as the API spells it."""

    WORKSPACE = "RESOLVED_SECRET_SOURCE_WORKSPACE"
    TOOL_SET = "RESOLVED_SECRET_SOURCE_TOOLSET"
    OBJECTIVE = "RESOLVED_SECRET_SOURCE_OBJECTIVE"


class Secret(Resource, SealedValue):
    """A secret of a space, of one tool set, or of one objective, which beat each other in this order."""

    tool_set = models.ForeignKey(ToolSet, on_delete=models.CASCADE, null=True, related_name="secrets")
    objective: "models.ForeignKey[Objective | None, Objective | None]" = models.ForeignKey(
        "objectives.Objective", on_delete=models.CASCADE, null=True, related_name="secrets"
    )
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints: ClassVar = [
            # A workspace's secrets and those of tool sets are resources of two types.
            models.UniqueConstraint(
                fields=["space", "external_id"],
                condition=Q(tool_set__isnull=True, objective__isnull=True) & ~Q(external_id=""),
                name="an_external_id_names_one_workspace_secret",
            ),
            models.UniqueConstraint(
                fields=["space", "external_id"],
                condition=Q(tool_set__isnull=False) & ~Q(external_id=""),
                name="an_external_id_names_one_tool_set_secret",
            ),
            models.UniqueConstraint(
                fields=["space", "tool_set", "objective", "name"],
                name="a_secret_has_one_value_in_its_scope",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(tool_set__isnull=True) | Q(objective__isnull=True),
                name="a_secret_has_one_scope",
            ),
        ]
        indexes: ClassVar = [newest_in_space("secret")]

    def __str__(self) -> str:
        return self.name

    @property
    def source(self) -> SecretSource:
        if self.objective_id is not None:
            return SecretSource.OBJECTIVE
        return SecretSource.TOOL_SET if self.tool_set_id is not None else SecretSource.WORKSPACE
