"""Which sign-ins still count, asked for many open connections at once."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils.crypto import constant_time_compare

from spaces.models import Principal

type SignIn = tuple[uuid.UUID, str]  # a principal's id, and the key of the session they came with


def still_signed_in(sign_ins: Collection[SignIn], *, now: datetime) -> set[SignIn]:
    """Those whose session is neither over nor expired, and whose password is still the same; two queries."""
    if not sign_ins:
        return set()
    people = Principal.objects.filter(is_active=True).in_bulk({person for person, _ in sign_ins})
    sessions = Session.objects.filter(pk__in={key for _, key in sign_ins}, expire_date__gt=now)
    contents = {session.pk: session.get_decoded() for session in sessions}
    return {
        (person, key)
        for person, key in sign_ins
        if person in people and key in contents and _is_of(people[person], contents[key])
    }


def _is_of(person: Principal, content: dict[str, Any]) -> bool:
    """Whether a session's content says that this person signed in, by the password of now."""
    if content.get(SESSION_KEY) != str(person.pk):
        return False
    proof = content.get(HASH_SESSION_KEY, "")
    # Fallbacks are of older secret keys, while those are rotated.
    good = (person.get_session_auth_hash(), *person.get_session_auth_fallback_hash())
    return any(constant_time_compare(proof, each) for each in good)
