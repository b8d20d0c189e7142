"""Skills and their immutable versions."""

from typing import ClassVar

from django.db import models

from spaces.ids import new_id
from spaces.models import Blob, Tenant


class Skill(models.Model):
    """A named capability; without a tenant it is the deployment's own and every tenant has it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, blank=True, related_name="skills")
    slug = models.SlugField(max_length=64, db_index=False)
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True, help_text="A retired skill starts no new run.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["slug", "tenant"], nulls_distinct=False, name="a_tenant_has_a_slug_once"
            ),
            models.CheckConstraint(condition=~models.Q(slug="executions"), name="executions_is_no_slug"),
        ]

    def __str__(self) -> str:
        return self.slug


class SkillVersion(models.Model):
    """One imported bundle, never changed afterwards; `digest` is verified before each run.

    `document` is the bundle's front matter as JSON and `instructions` its text; the packed bundle is in
    `bundle`. `order` sorts versions as semver does: the newest is the greatest.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="versions")
    version = models.CharField(max_length=100)
    order = models.CharField(max_length=300, editable=False, db_collation="C")
    kind = models.CharField(max_length=10)
    description = models.TextField()
    document = models.JSONField()
    instructions = models.TextField(blank=True)
    digest = models.CharField(max_length=64)
    bundle = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["skill", "version"], name="a_version_is_imported_once"),
        ]
        indexes: ClassVar = [
            # The newest version of a skill.
            models.Index(fields=["skill", "-order"], name="version_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.skill.slug} {self.version}"
