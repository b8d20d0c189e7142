"""Credentials of provider keys: checked, sealed, changed in part, and described without a value."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from objectives.encrypted_fields import CREDENTIALS
from objectives.encryption import CannotOpen
from objectives.model_providers.clouds import ANYWHERE, NotUsable, checked_places, service_account
from objectives.models import Provider, ProviderKey
from objectives.schemas.providers import (
    Credential,
    CredentialField,
    CredentialPatch,
    CredentialStatus,
    ProviderConfig,
)
from objectives.schemas.shape import Shape
from spaces.errors import Invalid, NotReady

# The parts of each type: those that it cannot do without, and the others. Headers are parts by their names.
_PARTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "apiKey": (("apiKey",), ()),
    "headers": ((), ()),
    "googleServiceAccount": (("json",), ()),
    "awsAccessKey": (("accessKeyId", "secretAccessKey"), ("sessionToken",)),
}
# What each provider takes: types of credentials, and the type of its config ("" for none).
_TAKEN: dict[str, tuple[frozenset[str], str]] = {
    Provider.OPENROUTER: (frozenset({"apiKey", "headers"}), "openrouter"),
    Provider.OPENAI: (frozenset({"apiKey", "headers"}), "openai"),
    Provider.ANTHROPIC: (frozenset({"apiKey", "headers"}), ""),
    Provider.GEMINI: (frozenset({"apiKey", "headers"}), ""),
    Provider.OPENAI_COMPATIBLE: (frozenset({"apiKey", "headers"}), "openaiCompatible"),
    Provider.VERTEX: (frozenset({"apiKey", "googleServiceAccount"}), "vertex"),
    Provider.BEDROCK: (frozenset({"apiKey", "awsAccessKey"}), "bedrock"),
}
_AT = ("body", "spec", "credentials")
_PATCH_AT = ("body", "credentialPatch")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}")

type Parts = dict[str, str]


def set_credential(key: ProviderKey, given: Credential | None) -> None:
    """Seal a whole credential into a key, or remove it. Raises Invalid."""
    kind = given.type if given else ""
    parts = _parts(given) if given else {}
    if given:
        _check(key, kind, parts, *_AT)
    _store(key, kind, parts)


def patch_credential(key: ProviderKey, patch: CredentialPatch) -> None:
    """Change parts of what is sealed in a key, which its caller has locked.

    Raises Invalid, and NotReady where what is kept cannot be opened.
    """
    given = patch.credentials
    kind = given.type if given else key.credential_kind
    is_same = kind == key.credential_kind
    parts = {**(_kept(key) if is_same else {}), **(_parts(given) if given else {})}
    for name in patch.clear_fields:
        if name not in parts:
            raise Invalid.field(*_PATCH_AT, "clearFields", msg="Unknown field.", value=name[:200])
        del parts[name]
    if kind:
        _check(key, kind, parts, *_PATCH_AT, "credentials")
    _store(key, kind, parts)


def status_of(key: ProviderKey) -> CredentialStatus:
    """What is kept of a key's credential: its parts by name, without values."""
    needed, others = _PARTS.get(key.credential_kind, ((), ()))
    configured = list(key.credential_fields)
    names = list(dict.fromkeys([*needed, *others, *configured]))
    fields = [CredentialField(name=name, configured=name in configured) for name in names]
    return CredentialStatus(type=key.credential_kind, fields=fields)


def checked_config(provider: str, config: ProviderConfig | None) -> dict[str, Any] | None:
    """The config as it is kept; raises Invalid where the provider takes another, or needs one."""
    wanted = _TAKEN[provider][1]
    at = ("body", "spec", "config")
    if config is None:
        if provider == Provider.OPENAI_COMPATIBLE:
            raise Invalid.field(*at, "openaiCompatible", "baseUrl", msg="This provider requires a base URL.")
        return None
    if config.type != wanted:
        raise Invalid.field(*at, "type", msg=f"This provider takes {wanted or 'no config'}.")
    if config.openai_compatible is not None:
        _check_address(config.openai_compatible.base_url, *at, "openaiCompatible", "baseUrl")
    kept = config.wire()
    try:
        checked_places(kept)
    except NotUsable as wrong:
        raise Invalid.field(*at, config.type, wrong.member, msg=str(wrong)) from None
    return kept


def check_together(key: ProviderKey) -> None:
    """Raises Invalid for a config that does not go with the credential; both have been checked."""
    location = ((key.config or {}).get("vertex") or {}).get("location") or ANYWHERE
    if key.provider == Provider.VERTEX and key.credential_kind == "apiKey" and location != ANYWHERE:
        message = f"With an API key, Vertex AI answers at {ANYWHERE} only."
        raise Invalid.field("body", "spec", "config", "vertex", "location", msg=message)


def open_credential(key: ProviderKey) -> Parts:
    """The parts of a key's credential with their values, none where it has none. Raises CannotOpen."""
    if key.sealed is None:
        return {}
    opened: Parts = json.loads(CREDENTIALS.open(key))
    return opened


def _kept(key: ProviderKey) -> Parts:
    try:
        return open_credential(key)
    except CannotOpen as error:
        raise NotReady(
            "The stored credential cannot be decrypted any more: send the full credential."
        ) from error


def _check(key: ProviderKey, kind: str, parts: Parts, *at: str) -> None:
    """Raises Invalid for a credential that its provider does not take, or that is not whole."""
    if kind not in _TAKEN[key.provider][0]:
        raise Invalid.field(*at, "type", msg=f"{key.get_provider_display()} takes no such credential.")
    if missing := [name for name in _PARTS[kind][0] if name not in parts]:
        raise Invalid.field(*at, kind, missing[0], msg="This field is required.")
    if kind == "headers" and not parts:
        raise Invalid.field(*at, kind, msg="At least one header is required.")
    if kind == "googleServiceAccount":
        try:
            service_account(parts["json"])
        except NotUsable as wrong:
            raise Invalid.field(*at, kind, "json", msg=str(wrong)) from None
    for name, value in parts.items():
        if kind == "headers" and not _HEADER_NAME.fullmatch(name):
            raise Invalid.field(*at, kind, msg="Invalid header name.")
        # The document of a service account may have lines; everything else goes into a header.
        if kind != "googleServiceAccount" and not (value.isascii() and value.isprintable()):
            raise Invalid.field(*at, kind, name, msg="Only printable ASCII characters are allowed.")


def _check_address(url: str, *at: str) -> None:
    try:
        parts = urlsplit(url)
        is_good = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_good = False
    if not is_good or parts.scheme not in {"http", "https"} or parts.username is not None or parts.query:
        raise Invalid.field(*at, msg="Write an address such as https://models.example.com/v1.")


def _parts(given: Credential) -> Parts:
    """The parts that a request brings, by name."""
    if given.headers is not None:
        brought: Mapping[str, SecretStr | None] = given.headers.headers or {}
    else:
        held: Shape | None = given.api_key or given.google_service_account or given.aws_access_key
        fields = type(held).model_fields if held else {}
        brought = {field.alias or name: getattr(held, name) for name, field in fields.items()}
    return {name: value.get_secret_value() for name, value in brought.items() if value is not None}


def _store(key: ProviderKey, kind: str, parts: Parts) -> None:
    key.credential_kind, key.credential_fields = kind, sorted(parts)
    key.sealed, key.sealed_with = None, ""
    if parts:
        CREDENTIALS.seal(key, json.dumps(parts))
