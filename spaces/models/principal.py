"""People and machines: whoever acts. The project's user model."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.utils import timezone

from spaces.ids import new_id
from spaces.models.tenant import Tenant


class PrincipalKind(models.TextChoices):
    PERSON = "person", "Person"  # signs in with a password
    MACHINE = "machine", "Machine"  # acts by key only and has no usable password


class PrincipalQuerySet(BaseUserManager["Principal"]):
    """Makes the accounts that Django's own commands ask for."""

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "Principal":
        """An operator of the deployment: belongs to no tenant and sees all of them."""
        operator = self.model(
            email=self.normalize_email(email),
            display_name=fields.pop("display_name", email),
            is_staff=True,
            is_superuser=True,
            created_at=fields.pop("created_at", timezone.now()),
            **fields,
        )
        operator.set_password(password)
        operator.save(using=self._db)
        return operator


class Principal(AbstractBaseUser, PermissionsMixin):
    """A person or a machine of one tenant, or (without a tenant) an operator of the deployment."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(
        Tenant, on_delete=models.PROTECT, null=True, blank=True, related_name="principals"
    )
    kind = models.CharField(max_length=10, choices=PrincipalKind, default=PrincipalKind.PERSON)
    email = models.EmailField(unique=True, null=True, blank=True)
    display_name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, help_text="May open the admin, which shows all tenants.")
    created_at = models.DateTimeField()

    objects = PrincipalQuerySet()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(kind="person") | models.Q(email__isnull=False),
                name="a_person_has_an_email",
            ),
            models.CheckConstraint(
                condition=models.Q(is_staff=False) | models.Q(tenant__isnull=True),
                name="staff_belong_to_no_tenant",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or self.email or str(self.id)
