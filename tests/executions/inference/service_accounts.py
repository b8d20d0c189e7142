"""A service account of Google's for tests, with a key of its own."""

import json
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from google.auth import jwt

EMAIL = "callboard@my-project-123.iam.gserviceaccount.com"


@cache
def _key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def private_key() -> str:
    """Its private key in PEM."""
    return _key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def document(**members: Any) -> str:
    """Its document; a member that is None is left out."""
    given = {
        "type": "service_account",
        "project_id": "my-project-123",
        "private_key_id": "0123456789abcdef",
        "private_key": private_key(),
        "client_email": EMAIL,
        "token_uri": "https://oauth2.googleapis.com/token",
        **members,
    }
    return json.dumps({name: value for name, value in given.items() if value is not None})


def claims_of(authorization: str) -> dict[str, Any]:
    """What it claims in a header `Bearer …`; raises ValueError for what it has not signed, or is over."""
    public = _key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    claims: dict[str, Any] = jwt.decode(authorization.removeprefix("Bearer "), certs=public)  # type: ignore[no-untyped-call]
    return claims
