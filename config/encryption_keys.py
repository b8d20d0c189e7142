"""Reading the deployment's encryption keys: `id:key,id2:key2`, the newest first."""

import base64
import binascii
import re

from pydantic import SecretBytes

KEY_BYTES = 32
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_MADE_BY = 'python3 -c "import base64, os; print(base64.b64encode(os.urandom(32)).decode())"'


def read_keys(text: str) -> dict[str, SecretBytes]:
    """The keys by their ids, in their order; raises ValueError with a sentence that shows no key."""
    keys: dict[str, SecretBytes] = {}
    parts = [part.strip() for part in text.split(",") if part.strip()]
    for number, part in enumerate(parts, 1):
        key_id, colon, encoded = part.partition(":")
        if not colon:
            raise ValueError(f"key number {number} has no id: write id:key")
        if not _ID.fullmatch(key_id):
            raise ValueError(
                f"the id of key number {number} may have 40 letters, digits, dots, hyphens and underscores"
            )
        if key_id.startswith("derived-"):
            raise ValueError(
                f"the id of key number {number} begins with derived-, as those of Callboard's own do"
            )
        if key_id in keys:
            raise ValueError(f"two keys are called {key_id}")
        keys[key_id] = SecretBytes(_decoded(encoded, key_id))
    return keys


def _decoded(encoded: str, key_id: str) -> bytes:
    """The bytes of a key in either alphabet of base64, padded or not."""
    text = encoded.translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"the key {key_id} is not base64; make one with: {_MADE_BY}") from None
    if len(key) != KEY_BYTES:
        raise ValueError(
            f"the key {key_id} has {len(key)} bytes, {KEY_BYTES} are needed; make one with: {_MADE_BY}"
        )
    return key
