"""What every row of the workspace API carries: its space, its labels and whose it is."""

from django.db import models

from spaces.ids import new_id
from spaces.models import Principal, Space


class Operation(models.Model):
    """Something that happened or runs; `external_id` is the customer's own name for it, "" for none."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    space = models.ForeignKey(Space, on_delete=models.PROTECT, related_name="+", db_index=False)
    external_id = models.CharField(max_length=255, blank=True, default="")
    labels = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True


class Resource(Operation):
    """Something that people configure and that stays: it has a name and may be changed."""

    name = models.CharField(max_length=255)
    updated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


def external_id_once(noun: str, *scope: str) -> models.UniqueConstraint:
    """A customer's own name stands for one row of a kind in a space (or in the narrower `scope`)."""
    return models.UniqueConstraint(
        fields=[*(scope or ("space",)), "external_id"],
        condition=~models.Q(external_id=""),
        name=f"an_external_id_names_one_{noun}",
    )


def newest_in_space(noun: str) -> models.Index:
    """The list of a space, in either order of time."""
    return models.Index(fields=["space", "created_at", "id"], name=f"{noun}_by_space")
