"""What people do with language models; see `objectives.actions.resources` for what every verb raises."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from objectives.access.permissions import MANAGE_MODELS
from objectives.actions.provider_keys import locked_provider_key, refuse_built_in
from objectives.actions.resources import METADATA, Edit, ResourceService, Writer, column, read_column
from objectives.ids import Prefix, spell
from objectives.model_providers.selection import find_model, model_at, offered_aliases
from objectives.models import AgentVariation, LanguageModel, ModelState, Provider
from objectives.schemas.models import PRICES, ModelSwap, NewModel
from objectives.validation.labels import check_external_id, check_labels, check_model_labels
from spaces.access import SpaceAccess
from spaces.errors import Invalid, NotReady
from spaces.models import Space


def _locked(access: SpaceAccess, address: str) -> LanguageModel:
    # The full lock keeps a variation from choosing it in between.
    rows = LanguageModel.objects.filter(space_id=access.space_id).select_related("provider_key")
    return model_at(rows.select_for_update(of=("self",)), address)


def _check_no_dot(external_id: str, *loc: str | int) -> None:
    if "." in external_id:
        raise Invalid.field(*loc, msg="A model's external id cannot contain a dot.", value=external_id[:200])


def _check_given(text: str, *loc: str | int) -> None:
    if not text:
        raise Invalid.field(*loc, msg="This field is required.")


def _override(name: str) -> Writer[LanguageModel]:
    """The writer of one price that counts instead; None takes it back."""

    def write(model: LanguageModel, cents: int | None, _: Edit) -> None:
        prices = {**(model.price_override or {}), name: cents}
        model.price_override = {one: price for one, price in prices.items() if price is not None} or None

    return write


MODELS = ResourceService[LanguageModel](
    permission=MANAGE_MODELS,
    lock=_locked,
    writers={
        **METADATA,
        "metadata.external_id": column("external_id", check_external_id, _check_no_dot),
        "metadata.labels": column("labels", check_labels, check_model_labels),
        "spec.family": column("family"),
        "spec.max_input_tokens": column("max_input_tokens"),
        "spec.max_output_tokens": column("max_output_tokens"),
        "spec.provider_model_id": column("provider_model_id", _check_given),
        "spec.capabilities": read_column(
            "capabilities", lambda given, *_: [one.wire() for one in given or ()]
        ),
        **{f"spec.{field}": column(f"{name}_price") for name, field in PRICES.items()},
        **{f"pricing_override.{field}": _override(name) for name, field in PRICES.items()},
    },
)


def create_model(*, access: SpaceAccess, provider_key: str, new: NewModel, now: datetime) -> LanguageModel:
    """An enabled model below a provider key; raises NotReady below the deployment's own."""
    with MODELS.permitted(access):
        key = locked_provider_key(access, provider_key)
        return MODELS.create(LanguageModel(provider_key=key), new, Edit(access, now))


def update_model(
    *, access: SpaceAccess, address: str, changes: Mapping[str, Any], now: datetime
) -> LanguageModel:
    """What runs already goes on as it began. Raises NotReady for the deployment's own."""
    with MODELS.changing(access, address, now=now) as model:
        refuse_built_in(model.provider_key)
        MODELS.apply(model, changes, Edit(access, now))
    return model


def enable_model(*, access: SpaceAccess, address: str, now: datetime) -> LanguageModel:
    """Enable a model; a repeated call changes nothing.

    Raises NotFound, and NotReady for one of the deployment that it or the space has dropped.
    """
    with MODELS.changing(access, address, now=now) as model:
        if model.provider_key.provider == Provider.BUILT_IN:
            space = Space.objects.get(pk=access.space_id)
            if model.external_id not in offered_aliases(space):
                raise NotReady("This model is no longer offered here.")
        model.state = ModelState.ENABLED
    return model


def disable_model(*, access: SpaceAccess, address: str, now: datetime) -> LanguageModel:
    """Disable a model; a repeated call changes nothing.

    Raises NotFound, and NotReady while variations use it.
    """
    with MODELS.changing(access, address, now=now) as model:
        if model.state == ModelState.ENABLED and model.variations.exists():
            raise NotReady("Variations use this model: change them first.")
        model.state = ModelState.DISABLED
    return model


def swap_models(*, access: SpaceAccess, swaps: Sequence[ModelSwap], now: datetime) -> None:
    """Give every variation that has one model another, each in a statement of its own.

    All swaps are checked, and the variations of each are read, before anything changes: a variation changes
    once. A repeated call does what is left. Raises Invalid, and NotReady where a model that is to be disabled
    has been given to a variation meanwhile.
    """
    access.require(MANAGE_MODELS)
    pairs = [_pair(access, swap, number) for number, swap in enumerate(swaps)]
    held = [list(current.variations.order_by("pk").values_list("pk", flat=True)) for current, _ in pairs]
    for (current, chosen), variation_ids in zip(pairs, held, strict=True):
        for variation_id in variation_ids:
            mine = AgentVariation.objects.filter(pk=variation_id, model=current)
            mine.update(model=chosen, updated_at=now)
    for (current, _), swap in zip(pairs, swaps, strict=True):
        if swap.disable_current_after_swap:
            disable_model(access=access, address=spell(Prefix.MODEL, current.id), now=now)


def _pair(access: SpaceAccess, swap: ModelSwap, number: int) -> tuple[LanguageModel, LanguageModel]:
    at = ("body", "modelSwaps", number)
    current = find_model(access.space_id, swap.current_model_id, *at, "currentModelId", disabled_too=True)
    chosen = find_model(access.space_id, swap.next_model_id, *at, "nextModelId")
    if current == chosen:
        raise Invalid.field(*at, "nextModelId", msg="The model is unchanged.")
    return current, chosen
