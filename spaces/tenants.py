"""Founding a tenant: its first space, its first person, its first key."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import BaseUserManager
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from spaces.errors import Conflict, Invalid
from spaces.keys import create_key
from spaces.models import Membership, Principal, PrincipalKind, Role, Space, Tenant

# Everything a skill may ask for. The catalog knows the same names; a test holds them together, since spaces
# may not import it.
EVERY_TOOL = (
    "artifact.commit",
    "workspace.code.python",
    "workspace.fs.list",
    "workspace.fs.read",
    "workspace.fs.write",
    "workspace.shell",
)
MAX_NAME = 200
PASSWORD_BYTES = 15


@dataclass(frozen=True, slots=True)
class Founding:
    """A new tenant; `password` and `token` are known only now."""

    tenant: Tenant
    space: Space
    admin: Principal
    password: str
    token: str


def found_tenant(*, name: str, admin_email: str, space_name: str, now: datetime) -> Founding:
    """A tenant with a space that permits all tools, and a person who administers it and has a key.

    Raises Invalid for a name or address that is none, Conflict where somebody has the address already.
    """
    email = BaseUserManager.normalize_email(admin_email.strip())
    _check(name, email, space_name)
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    with transaction.atomic():
        tenant = Tenant.objects.create(name=name.strip(), created_at=now)
        space = Space.objects.create(
            tenant=tenant, name=space_name.strip(), permitted_tools=list(EVERY_TOOL), created_at=now
        )
        admin = Principal(
            tenant=tenant, kind=PrincipalKind.PERSON, email=email, display_name=email, created_at=now
        )
        admin.set_password(password)
        admin.save()
        Membership.objects.create(space=space, principal=admin, role=Role.ADMIN, created_at=now)
        _, token = create_key(
            principal=admin, name="First key", permissions=["*"], spaces=None, now=now, is_default=True
        )
    return Founding(tenant, space, admin, password, token)


def _check(name: str, email: str, space_name: str) -> None:
    for field, text in (("name", name), ("space", space_name)):
        if not 1 <= len(text.strip()) <= MAX_NAME or not text.isprintable():
            raise Invalid.field(field, msg=f"The {field} must have 1 to {MAX_NAME} printable characters.")
    try:
        validate_email(email)
    except ValidationError as invalid:
        raise Invalid.field("email", msg=f"{email!r} is no e-mail address.") from invalid
    if Principal.objects.filter(email__iexact=email).exists():
        raise Conflict(f"{email} belongs to somebody already.")
