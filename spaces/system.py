"""Who acts where nobody does: the deployment itself."""

import uuid
from typing import Final

from django.utils import timezone

from spaces.models import Principal, PrincipalKind

SYSTEM_ID: Final = uuid.UUID("00000000-0000-7000-8000-000000000001")
SYSTEM_NAME = "Callboard"


def system_principal() -> Principal:
    """The one machine without a tenant; it has no key, no password and no place in any space."""
    Principal.objects.bulk_create(
        [
            Principal(
                id=SYSTEM_ID,
                kind=PrincipalKind.MACHINE,
                display_name=SYSTEM_NAME,
                password="!",  # noqa: S106 - Django's mark of a password that nothing matches
                created_at=timezone.now(),
            )
        ],
        ignore_conflicts=True,  # several may need it first at the same time
    )
    return Principal.objects.get(pk=SYSTEM_ID)
