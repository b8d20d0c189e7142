"""What people do with provider keys."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from objectives.access.permissions import MANAGE_MODELS
from objectives.actions.naming import change_identity, new_identity, unique_names
from objectives.addressing import find
from objectives.models import AgentVariation, Provider, ProviderKey
from objectives.providers.choosing import ensure_built_in
from objectives.providers.credentials import check_together, checked_config, patch_credential, set_credential
from objectives.shapes.providers import CredentialPatch, NewProviderKey
from objectives.spelling import Prefix
from spaces.access import SpaceAccess
from spaces.errors import Invalid, NotReady
from spaces.models import Space

PROVIDERS = {f"AI_PROVIDER_{one.upper()}": one for one in Provider.values if one != Provider.BUILT_IN}


def create_provider_key(*, access: SpaceAccess, new: NewProviderKey, now: datetime) -> ProviderKey:
    """A key with its credential sealed. Raises Invalid, AlreadyExists and NotPermitted."""
    access.require(MANAGE_MODELS)
    provider = PROVIDERS.get(new.spec.provider or "")
    if provider is None:
        known = ", ".join(PROVIDERS)
        raise Invalid.field("body", "spec", "provider", msg=f"Must be one of {known}.")
    key = ProviderKey(provider=provider, **new_identity(new.metadata, access=access, now=now))
    key.config = checked_config(provider, new.spec.config)
    set_credential(key, new.spec.credentials)
    check_together(key)
    ensure_built_in(Space.objects.get(pk=access.space_id))  # first, so that nobody takes its external id
    with unique_names():
        key.save(force_insert=True)
    return key


def update_provider_key(
    *,
    access: SpaceAccess,
    address: str,
    changes: Mapping[str, Any],
    patch: CredentialPatch | None,
    now: datetime,
) -> ProviderKey:
    """Set what `changes` (see `objectives.api.masks`) says, and the parts of the credential in `patch`.

    Raises NotFound, Invalid, AlreadyExists, NotPermitted, and NotReady for the deployment's own.
    """
    access.require(MANAGE_MODELS)
    with transaction.atomic():
        key = locked_provider_key(access, address)
        fields = change_identity(key, changes) | _change_spec(key, changes)
        if patch is not None:
            if "spec.credentials" in changes:
                message = "Give either spec.credentials or a patch."
                raise Invalid.field("body", "credentialPatch", msg=message)
            fields |= patch_credential(key, patch)
        check_together(key)
        if fields:
            key.updated_at = now
            with unique_names():
                key.save(update_fields=[*sorted(fields), "updated_at"])
    return key


def delete_provider_key(*, access: SpaceAccess, address: str) -> None:
    """Remove a key and its models.

    Raises NotFound, NotPermitted, and NotReady for the deployment's own or one whose models are in use.
    """
    access.require(MANAGE_MODELS)
    with transaction.atomic():
        key = locked_provider_key(access, address)
        # The full lock keeps a variation from choosing one of them in between.
        models = list(key.models.select_for_update())
        if AgentVariation.objects.filter(model__in=models).exists():
            raise NotReady("Variations use models of this key: give them others first.")
        key.delete()


def locked_provider_key(access: SpaceAccess, address: str) -> ProviderKey:
    """A key that may be changed, locked until the caller's transaction ends; raises NotFound and NotReady."""
    rows = ProviderKey.objects.filter(space_id=access.space_id).select_for_update(no_key=True)
    key = find(rows, Prefix.PROVIDER_KEY, address)
    if key.provider == Provider.BUILT_IN:
        raise NotReady("The deployment's own models cannot be changed here.")
    return key


def _change_spec(key: ProviderKey, changes: Mapping[str, Any]) -> set[str]:
    """Set what is said of the spec; the names of the columns set."""
    fields = set()
    given = changes.get("spec.provider")
    if given is not None and PROVIDERS.get(given) != key.provider:
        raise Invalid.field("body", "spec", "provider", msg="A key's provider never changes.")
    if "spec.config" in changes:
        key.config = checked_config(key.provider, changes["spec.config"])
        fields.add("config")
    if "spec.credentials" in changes:
        fields |= set_credential(key, changes["spec.credentials"])
    return fields
