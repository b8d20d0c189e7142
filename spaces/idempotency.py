"""Requests that are harmless when they are repeated: the same one is known again by its digest."""

import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from spaces.access import SpaceAccess
from spaces.errors import Conflict, NotFound
from spaces.models import UsedKey

ANOTHER_BODY = "This Idempotency-Key was already used with another body."
GONE = "What was created with this Idempotency-Key has been deleted."


def digest_request(*parts: Any) -> bytes:
    """The SHA-256 of a request's meaning: equal for equal JSON, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()


def check_repeated(known: bytes, digest: bytes, otherwise: str = ANOTHER_BODY) -> None:
    """Raises Conflict, with the sentence `otherwise`, where this is another request than the known one."""
    if not hmac.compare_digest(known, digest):
        raise Conflict(otherwise)


@dataclass(frozen=True, slots=True)
class Repeatable[M]:
    """How to make a thing once: by `make`, which `id_of` names, and which `find` finds again (None: gone)."""

    make: Callable[[], M]
    id_of: Callable[[M], uuid.UUID]
    find: Callable[[uuid.UUID], M | None]


def make_once[M](
    what: Repeatable[M], key: str | None, *request: Any, access: SpaceAccess, now: datetime
) -> M:
    """What this caller's key has made in the space, else what `make` makes now; without a key always that.

    `request` is the request's meaning, in JSON. Of many at the same moment one makes it, and the others wait
    for it. A request that is refused leaves its key unused. Raises Conflict for another request, NotFound
    where what was made is gone, and what `make` raises.
    """
    if key is None:
        return what.make()
    secret = key.encode()
    digest = hmac.digest(secret, digest_request(*request), "sha256")
    with transaction.atomic():
        used, is_new = UsedKey.objects.get_or_create(
            space_id=access.space_id,
            principal_id=access.principal_id,
            key_digest=hashlib.sha256(secret).digest(),
            defaults={"request_digest": digest, "created_at": now},
        )
        if is_new:
            made = what.make()
            used.made = what.id_of(made)
            used.save(update_fields=["made"])
            return made
    check_repeated(bytes(used.request_digest), digest)
    known = what.find(used.made) if used.made else None
    if known is None:
        raise NotFound(GONE)
    return known
