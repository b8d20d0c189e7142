"""Sealing what must never be read in the database: AES-256-GCM under a key with an id.

Decision: the newest key seals, every key that is known opens. `ENCRYPTION_KEYS` names them, newest first;
behind them stand keys derived from `SECRET_KEY` and its fallbacks, so that a deployment that names none
is sealed as well, and one that begins to name some still opens what it has.

Decision: a value is bound to what it is of (see `objectives.encrypted_fields`), as associated data: copied to
another place by somebody who writes to the database, it does not open. Values sealed before that bear no
`BOUND`; they open wherever they stand until `manage.py reseal_secrets` has bound them.
"""

import json
import os
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from pydantic import SecretBytes, SecretStr

BOUND = b"callboard-v2"  # what bound values begin with; a random nonce would need all of 96 bits for it
DERIVED = "derived-"  # what the ids of derived keys begin with; no key of the environment may
_NONCE_BYTES = 12
_SEALING, _NAMING = b"callboard vault key", b"callboard vault key id"


class Sealed(NamedTuple):
    """An encrypted value, and the id of the key that opens it."""

    sealed: bytes
    key_id: str


class CannotOpen(Exception):
    """A sealed value cannot be opened: its key is not known any more, or it was altered or moved."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


def seal(value: str, *, bound_to: str) -> Sealed:
    """Encrypt a value under the newest key, for one place only; equal values look different each time."""
    key_id, key = next(iter(_known_keys().items()))
    nonce = os.urandom(_NONCE_BYTES)
    content = key.encrypt(nonce, value.encode(), _associated(key_id, bound_to))
    return Sealed(BOUND + nonce + content, key_id)


def open_sealed(sealed: "bytes | memoryview[int]", key_id: str, *, bound_to: str) -> str:
    """The value; raises CannotOpen. Keep it in a SecretStr, which neither logs nor tracebacks show."""
    key = _known_keys().get(key_id)
    if key is None:
        raise CannotOpen(
            f"This value is encrypted with the key {key_id!r}, which this deployment does not have."
        )
    content = bytes(sealed)
    bound = content.startswith(BOUND)
    associated = _associated(key_id, bound_to) if bound else key_id.encode()
    content = content.removeprefix(BOUND)
    try:
        return key.decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], associated).decode()
    except (InvalidTag, ValueError):
        raise CannotOpen(
            f"This value was altered or copied from elsewhere, or {key_id!r} is not its key."
        ) from None


def newest_key_id() -> str:
    """The id of the key that seals."""
    return next(iter(_known_keys()))


def _associated(key_id: str, bound_to: str) -> bytes:
    """What is authenticated along with a bound value, so that no two places can be written alike."""
    return BOUND + json.dumps([key_id, bound_to]).encode()


def _known_keys() -> dict[str, AESGCM]:
    named = tuple(settings.ENCRYPTION_KEYS.items())
    derived_from = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return _keys(named, tuple(SecretStr(secret) for secret in derived_from))


@lru_cache(maxsize=4)
def _keys(
    named: tuple[tuple[str, SecretBytes], ...], derived_from: tuple[SecretStr, ...]
) -> dict[str, AESGCM]:
    """Every key by its id, the newest first."""
    keys = {key_id: AESGCM(key.get_secret_value()) for key_id, key in named}
    for secret in derived_from:
        content = secret.get_secret_value().encode()
        key_id = DERIVED + _derive(content, _NAMING, 6).hex()
        keys.setdefault(key_id, AESGCM(_derive(content, _SEALING, 32)))
    return keys


def _derive(secret: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=purpose).derive(secret)
