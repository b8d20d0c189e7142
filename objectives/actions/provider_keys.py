"""What people do with provider keys; see `objectives.actions.resources` for what every verb raises."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from objectives.access.permissions import MANAGE_MODELS
from objectives.actions.resources import METADATA, Edit, ResourceService
from objectives.ids import Prefix
from objectives.model_providers.credentials import (
    check_together,
    checked_config,
    patch_credential,
    set_credential,
)
from objectives.model_providers.selection import ensure_built_in
from objectives.models import AgentVariation, Provider, ProviderKey
from objectives.schemas.providers import CredentialPatch, NewProviderKey, ProviderConfig
from objectives.selectors import find
from spaces.access import SpaceAccess
from spaces.errors import Invalid, NotReady
from spaces.models import Space

PROVIDERS = {f"AI_PROVIDER_{one.upper()}": one for one in Provider.values if one != Provider.BUILT_IN}


def locked_provider_key(access: SpaceAccess, address: str) -> ProviderKey:
    """A key that may be changed, locked until the caller's transaction ends; raises NotFound and NotReady."""
    rows = ProviderKey.objects.filter(space_id=access.space_id).select_for_update(no_key=True)
    key = find(rows, Prefix.PROVIDER_KEY, address)
    refuse_built_in(key)
    return key


def refuse_built_in(key: ProviderKey) -> None:
    """Raises NotReady for the deployment's own key."""
    if key.provider == Provider.BUILT_IN:
        raise NotReady("The deployment's models are read-only.")


def _write_provider(key: ProviderKey, given: str | None, edit: Edit) -> None:
    provider = PROVIDERS.get(given or "")
    if not key.provider:
        if provider is None:
            raise Invalid.field(*edit.loc, msg=f"Must be one of {', '.join(PROVIDERS)}.")
        key.provider = provider
    elif given is not None and provider != key.provider:
        raise Invalid.field(*edit.loc, msg="The provider of a key cannot be changed.")


def _write_config(key: ProviderKey, config: ProviderConfig | None, _: Edit) -> None:
    key.config = checked_config(key.provider, config)


def _write_patch(key: ProviderKey, patch: CredentialPatch | None, _: Edit) -> None:
    if patch is not None:
        patch_credential(key, patch)


PROVIDER_KEYS = ResourceService[ProviderKey](
    permission=MANAGE_MODELS,
    lock=locked_provider_key,
    writers={
        **METADATA,
        "spec.provider": _write_provider,
        "spec.config": _write_config,
        "spec.credentials": lambda key, given, _: set_credential(key, given),
        "credential_patch": _write_patch,
    },
    check=check_together,
)


def create_provider_key(*, access: SpaceAccess, new: NewProviderKey, now: datetime) -> ProviderKey:
    """A key with its credential sealed."""
    with PROVIDER_KEYS.permitted(access):
        ensure_built_in(Space.objects.get(pk=access.space_id))  # first, so that nobody takes its external id
        return PROVIDER_KEYS.create(ProviderKey(), new, Edit(access, now))


def update_provider_key(
    *,
    access: SpaceAccess,
    address: str,
    changes: Mapping[str, Any],
    patch: CredentialPatch | None,
    now: datetime,
) -> ProviderKey:
    """Change a key, and the parts of its credential in `patch`; raises NotReady for the deployment's own."""
    with PROVIDER_KEYS.changing(access, address, now=now) as key:
        if patch is not None and "spec.credentials" in changes:
            raise Invalid.field(
                "body",
                "credentialPatch",
                msg="Send either spec.credentials or a credentials patch, not both.",
            )
        PROVIDER_KEYS.apply(key, {**changes, "credential_patch": patch}, Edit(access, now))
    return key


def delete_provider_key(*, access: SpaceAccess, address: str) -> None:
    """Remove a key and its models; raises NotReady for the deployment's own, or where one is in use."""
    with PROVIDER_KEYS.locked(access, address) as key:
        # The full lock keeps a variation from choosing one of them in between.
        models = list(key.models.select_for_update())
        if AgentVariation.objects.filter(model__in=models).exists():
            raise NotReady("Variations use models of this key: change them first.")
        key.delete()
