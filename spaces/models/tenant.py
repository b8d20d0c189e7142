"""Tenants, and the spaces in which their work happens."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models

from spaces.ids import new_id

DAY_SECONDS = 86_400


class Tenant(models.Model):
    """A customer of the deployment; nothing of one tenant is visible to another.

    The secret that signs its webhooks and the token that it proves itself by are sealed; `…_key` is the id of
    the key that opens them. They are null until somebody first asks for them.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    webhook_secret = models.BinaryField(null=True, editable=False)
    webhook_secret_key = models.CharField(max_length=40, blank=True, default="", editable=False)
    challenge_token = models.BinaryField(null=True, editable=False)
    challenge_token_key = models.CharField(max_length=40, blank=True, default="", editable=False)

    def __str__(self) -> str:
        return self.name


class Space(models.Model):
    """A place of work inside a tenant: its runs, its feed, its policy.

    `permitted_tools` is what the space permits; a skill gets what it wants *and* the space permits.
    `allowed_models` empty means every model of the deployment; `default_model` empty means its default.
    `external_id` is the customer's own name for it, "" for none.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="spaces")
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    external_id = models.CharField(max_length=255, blank=True, default="")
    labels = models.JSONField(blank=True, default=dict)
    permitted_tools = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    allowed_models = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    default_model = models.CharField(max_length=100, blank=True, default="")
    run_budget_usd = models.DecimalField(
        max_digits=12, decimal_places=4, null=True, blank=True, help_text="Most that one run may cost."
    )
    provider_patience_seconds = models.PositiveIntegerField(
        default=DAY_SECONDS,
        validators=[MaxValueValidator(30 * DAY_SECONDS)],
        help_text="How long an agent waits for a model's provider that is unavailable, before it fails; "
        "86400 is a day, 0 is not at all.",
    )
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "external_id"],
                condition=~models.Q(external_id=""),
                name="an_external_id_names_one_space",
            ),
        ]
        indexes: ClassVar = [
            # The spaces of one tenant, in the order they were made.
            models.Index(fields=["tenant", "created_at"], name="space_by_tenant"),
        ]

    def __str__(self) -> str:
        return self.name
