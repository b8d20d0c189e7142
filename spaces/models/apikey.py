"""API keys: shown once, kept as a digest, found by their prefix."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from spaces.ids import new_id
from spaces.models.principal import Principal
from spaces.models.tenant import Space, Tenant


class ApiKey(models.Model):
    """One credential of one principal; `prefix` is public, the rest of the token is not kept.

    `permissions` are `resource:verb` (`*` is everything, `manage` implies `read`);
    with `all_spaces` it reaches every space that its principal is in, else those in `spaces`.
    A revoked key is over for good, a disabled one until it is enabled. `external_id` is the customer's own
    name for it, "" for none.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="api_keys")
    principal = models.ForeignKey(Principal, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    external_id = models.CharField(max_length=255, blank=True, default="")
    labels = models.JSONField(blank=True, default=dict)
    is_default = models.BooleanField(default=False, help_text="The tenant's first key.")
    prefix = models.CharField(max_length=16, unique=True, editable=False)
    digest = models.BinaryField(max_length=32, editable=False)
    permissions = ArrayField(models.CharField(max_length=60), default=list)
    all_spaces = models.BooleanField(default=False)
    spaces = models.ManyToManyField(Space, blank=True, related_name="api_keys")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API key"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "external_id"],
                condition=~models.Q(external_id=""),
                name="an_external_id_names_one_key",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "created_at", "id"], name="key_by_tenant")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
