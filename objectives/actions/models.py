"""What people do with language models."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from objectives.access.permissions import MANAGE_MODELS
from objectives.actions.naming import change_identity, new_identity, spec_in, unique_names
from objectives.actions.provider_keys import locked_provider_key
from objectives.labels.models import check_model_labels
from objectives.models import AgentVariation, LanguageModel, ModelState, Provider
from objectives.providers.choosing import find_model, model_at, offered_aliases
from objectives.shapes.models import PRICES, ModelChanges, ModelSwap, NewModel
from objectives.spelling import Prefix, spell
from spaces.access import SpaceAccess
from spaces.errors import Invalid, NotReady
from spaces.models import Space

_LABELS, _SPEC = ("body", "metadata", "labels"), ("body", "spec")
# Our column for each field of the spec, and what it holds where the field is cleared.
_COLUMNS: dict[str, tuple[str, Any]] = {
    "family": ("family", ""),
    "max_input_tokens": ("max_input_tokens", 0),
    "max_output_tokens": ("max_output_tokens", 0),
    "provider_model_id": ("provider_model_id", ""),
    **{field: (f"{name}_price", 0) for name, field in PRICES.items()},
}


def create_model(*, access: SpaceAccess, provider_key: str, new: NewModel, now: datetime) -> LanguageModel:
    """An enabled model below a provider key.

    Raises NotFound, Invalid, AlreadyExists, NotPermitted, and NotReady below the deployment's own key.
    """
    access.require(MANAGE_MODELS)
    model = LanguageModel(**new_identity(new.metadata, access=access, now=now))
    check_model_labels(model.labels, *_LABELS)
    _check_external_id(model)
    _apply_spec(model, {name: getattr(new.spec, name) for name in ModelChanges.model_fields})
    with transaction.atomic():
        model.provider_key = locked_provider_key(access, provider_key)
        with unique_names():
            model.save(force_insert=True)
    return model


def update_model(
    *, access: SpaceAccess, address: str, changes: Mapping[str, Any], now: datetime
) -> LanguageModel:
    """Set what `changes` (see `objectives.api.masks`) says; what runs already goes on as it began.

    Raises NotFound, Invalid, AlreadyExists, NotPermitted, and NotReady for the deployment's own.
    """
    access.require(MANAGE_MODELS)
    with transaction.atomic():
        model = _locked(access, address)
        if model.provider_key.provider == Provider.BUILT_IN:
            raise NotReady("The deployment's own models cannot be changed here.")
        fields = change_identity(model, changes)
        check_model_labels(model.labels, *_LABELS)
        _check_external_id(model)
        spec = spec_in(changes)
        fields |= _apply_spec(model, spec) | _apply_override(model, changes)
        if fields:
            model.updated_at = now
            with unique_names():
                model.save(update_fields=[*sorted(fields), "updated_at"])
    return model


def enable_model(*, access: SpaceAccess, address: str, now: datetime) -> LanguageModel:
    """Let a model be chosen; a repeated call changes nothing.

    Raises NotFound, NotPermitted, and NotReady for one of the deployment that it or the space has dropped.
    """
    access.require(MANAGE_MODELS)
    with transaction.atomic():
        model = _locked(access, address)
        if model.provider_key.provider == Provider.BUILT_IN:
            space = Space.objects.get(pk=access.space_id)
            if model.external_id not in offered_aliases(space):
                raise NotReady("The deployment does not offer this model here any more.")
        _set_state(model, ModelState.ENABLED, now)
    return model


def disable_model(*, access: SpaceAccess, address: str, now: datetime) -> LanguageModel:
    """Let a model not be chosen any more; a repeated call changes nothing.

    Raises NotFound, NotPermitted, and NotReady while variations use it.
    """
    access.require(MANAGE_MODELS)
    with transaction.atomic():
        model = _locked(access, address)
        if model.state == ModelState.ENABLED and model.variations.exists():
            raise NotReady("Variations use this model: give them another first.")
        _set_state(model, ModelState.DISABLED, now)
    return model


def swap_models(*, access: SpaceAccess, swaps: Sequence[ModelSwap], now: datetime) -> None:
    """Give every variation that has one model another, each in a transaction of its own.

    All swaps are checked, and the variations of each are read, before anything changes: a variation changes
    once. A repeated call does what is left. Raises Invalid, NotPermitted, and NotReady where a model that is
    to be disabled has been given to a variation meanwhile.
    """
    access.require(MANAGE_MODELS)
    pairs = [_pair(access, swap, number) for number, swap in enumerate(swaps)]
    held = [list(current.variations.order_by("pk").values_list("pk", flat=True)) for current, _ in pairs]
    for (current, chosen), variation_ids in zip(pairs, held, strict=True):
        for variation_id in variation_ids:
            with transaction.atomic():
                mine = AgentVariation.objects.filter(pk=variation_id, model=current)
                for variation in mine.select_for_update(no_key=True):
                    variation.model, variation.updated_at = chosen, now
                    variation.save(update_fields=["model", "updated_at"])
    for (current, _), swap in zip(pairs, swaps, strict=True):
        if swap.disable_current_after_swap:
            disable_model(access=access, address=spell(Prefix.MODEL, current.id), now=now)


def _pair(access: SpaceAccess, swap: ModelSwap, number: int) -> tuple[LanguageModel, LanguageModel]:
    at = ("body", "modelSwaps", number)
    current = find_model(access.space_id, swap.current_model_id, *at, "currentModelId", disabled_too=True)
    chosen = find_model(access.space_id, swap.next_model_id, *at, "nextModelId")
    if current == chosen:
        raise Invalid.field(*at, "nextModelId", msg="This is the same model.")
    return current, chosen


def _locked(access: SpaceAccess, address: str) -> LanguageModel:
    # The full lock keeps a variation from choosing it in between.
    rows = LanguageModel.objects.filter(space_id=access.space_id).select_related("provider_key")
    return model_at(rows.select_for_update(of=("self",)), address)


def _set_state(model: LanguageModel, state: ModelState, now: datetime) -> None:
    if model.state != state:
        model.state, model.updated_at = state, now
        model.save(update_fields=["state", "updated_at"])


def _check_external_id(model: LanguageModel) -> None:
    if "." in model.external_id:
        message = "A model's external id holds no dot."
        raise Invalid.field("body", "metadata", "externalId", msg=message, value=model.external_id[:200])


def _apply_spec(model: LanguageModel, values: Mapping[str, Any]) -> set[str]:
    """Set what `values`, by field of the spec, brings (None clears); the names of the columns set."""
    columns = set()
    for field, (column, cleared) in _COLUMNS.items():
        if field in values:
            value = values[field]
            setattr(model, column, cleared if value is None else value)
            columns.add(column)
    if "capabilities" in values:
        model.capabilities = [one.wire() for one in values["capabilities"] or ()]
        columns.add("capabilities")
    if not model.provider_model_id:
        raise Invalid.field(*_SPEC, "providerModelId", msg="This field is needed.")
    return columns


def _apply_override(model: LanguageModel, changes: Mapping[str, Any]) -> set[str]:
    """Set the prices of the override that change, None takes one out; the names of the columns set."""
    given = {
        name: changes[f"pricing_override.{field}"]
        for name, field in PRICES.items()
        if f"pricing_override.{field}" in changes
    }
    if not given:
        return set()
    override = {**(model.price_override or {}), **given}
    model.price_override = {name: cents for name, cents in override.items() if cents is not None} or None
    return {"price_override"}
