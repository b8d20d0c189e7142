"""What may be said of Google Cloud and AWS, whose places become parts of host names.

Checked when it is written, and again when it is used: nothing that was kept in another way leads anywhere.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

ANYWHERE: Final = "global"
"""Vertex AI's location of a key that names none."""

_PLACES: Final = {
    ("vertex", "projectId"): (
        re.compile(r"(?:[a-z0-9][a-z0-9.-]{0,61}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]"),
        "Write a project's id, such as my-project-123.",
    ),
    ("vertex", "location"): (
        re.compile(r"[a-z]{2,20}(?:-[a-z]{2,20}[0-9]{1,2})?"),
        "Write a location, such as europe-west4 or global.",
    ),
    ("bedrock", "region"): (
        re.compile(r"[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}"),
        "Write a region, such as eu-central-1.",
    ),
}
_MULTIPLE_REGIONS: Final = frozenset({"us", "eu"})
# The second is what documents of before 2018 name.
_TOKEN_ADDRESSES: Final = (
    "https://oauth2.googleapis.com/token",
    "https://accounts.google.com/o/oauth2/token",
)
_UNIVERSE: Final = "googleapis.com"
_MOST_KEY_CHARACTERS: Final = 8192  # a key of 4096 bits has 3,272; to check much longer ones takes long


class NotUsable(ValueError):
    """A place or a document that nothing may be sent by; `member` is the one that is wrong."""

    def __init__(self, member: str, message: str) -> None:
        super().__init__(message)
        self.member = member


@dataclass(frozen=True)
class ServiceAccount:
    """What signs for a service account of Google's; `project_id` is "" where its document names none."""

    email: str
    private_key: str
    private_key_id: str
    project_id: str

    def document(self) -> str:
        """A document of these alone: no address of the original is in it."""
        return json.dumps(
            {
                "client_email": self.email,
                "private_key": self.private_key,
                "private_key_id": self.private_key_id,
            }
        )


def checked_places(config: Mapping[str, Any]) -> dict[str, str]:
    """The places that a config names, by member; raises NotUsable."""
    kind = str(config.get("type", ""))
    given = {name: value for name, value in (config.get(kind) or {}).items() if value}
    for name, value in given.items():
        pattern, message = _PLACES.get((kind, name), (None, ""))
        if pattern is not None and not pattern.fullmatch(value):
            raise NotUsable(name, message)
    return given


def service_account(text: str) -> ServiceAccount:
    """What signs, of a service account's document; raises NotUsable with words that quote nothing of it."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise NotUsable("json", "Not valid JSON.")
    members = {name: value for name, value in given.items() if isinstance(value, str)}
    if members.get("type") != "service_account":
        raise NotUsable("type", "type must be service_account.")
    if given.get("token_uri", _TOKEN_ADDRESSES[0]) not in _TOKEN_ADDRESSES:
        raise NotUsable("token_uri", f"token_uri must be {_TOKEN_ADDRESSES[0]}.")
    if given.get("universe_domain", _UNIVERSE) != _UNIVERSE:
        raise NotUsable("universe_domain", f"universe_domain must be {_UNIVERSE}.")
    if not members.get("client_email"):
        raise NotUsable("client_email", "client_email is needed.")
    _check_private_key(members.get("private_key", ""))
    project_id = members.get("project_id", "")
    if project_id and not _PLACES["vertex", "projectId"][0].fullmatch(project_id):
        raise NotUsable("project_id", "project_id must be the id of a project.")
    return ServiceAccount(
        email=members["client_email"],
        private_key=members["private_key"],
        private_key_id=members.get("private_key_id", ""),
        project_id=project_id,
    )


def vertex_address(location: str) -> str:
    """Where Vertex AI answers for a location that has been checked."""
    if location == ANYWHERE:
        return "https://aiplatform.googleapis.com"
    if location in _MULTIPLE_REGIONS:
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"


def _check_private_key(pem: str) -> None:
    try:
        if len(pem) > _MOST_KEY_CHARACTERS:
            raise ValueError
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise NotUsable("private_key", "private_key must be an RSA key in PEM.") from None
