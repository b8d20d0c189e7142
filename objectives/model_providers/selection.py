"""Finding a language model by what people call it, and how the loop reaches it."""

import uuid
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Value
from django.db.models.functions import Concat
from django.utils import timezone

from executions.inference.choices import ModelChoice, ModelPrices, model_aliases, read_choices
from objectives.ids import EXTERNAL, Prefix, external_id_in, read, without_nul
from objectives.model_providers.connection import cents, choice_at_provider
from objectives.models import LanguageModel, ModelState, Provider, ProviderKey
from objectives.selectors import find
from spaces.errors import Invalid
from spaces.models import Space
from spaces.system import system_principal

BUILT_IN_NAME: Final = "Callboard"
BUILT_IN_EXTERNAL_ID: Final = "callboard"
_WHERE: Final = ("body", "spec", "modelConfig", "modelId")


def find_model(space_id: uuid.UUID, text: str, *loc: str | int, disabled_too: bool = False) -> LanguageModel:
    """The model of a space that a text means; `loc` is the field that holds the text.

    Forms: `model_…`, `external_id:<name>`, `<provider key's external id>.<model's external id>`, and the bare
    alias of a model of the deployment, such as `demo`. Raises Invalid for a text that means none, more than
    one, or one that is disabled, unless `disabled_too`.
    """
    where = loc or _WHERE
    ensure_built_in(Space.objects.get(pk=space_id))
    found = list(_meant(LanguageModel.objects.filter(space_id=space_id), text)[:2])
    if not found:
        raise Invalid.field(*where, msg="Model not found in this workspace.", value=text[:200])
    if len(found) > 1:
        message = "The name is ambiguous: write <provider key>.<model>, or the model's id."
        raise Invalid.field(*where, msg=message, value=text[:200])
    if found[0].state == ModelState.DISABLED and not disabled_too:
        raise Invalid.field(*where, msg="This model is disabled.", value=text[:200])
    return found[0]


def model_at(models: QuerySet[LanguageModel], address: str) -> LanguageModel:
    """The model that a path means by `model_…` or `external_id:<name>`; `models` are those of one space.

    Raises NotFound, and Invalid for a name that models of several provider keys have.
    """
    name = external_id_in(address)
    if name and len(models.filter(external_id=name)[:2]) > 1:
        raise Invalid.field("path", "modelId", msg="The name is ambiguous: use the model's id.")
    return find(models, Prefix.MODEL, address)


def default_model(space_id: uuid.UUID) -> LanguageModel | None:
    """The model of a variation that names none: the space's, else the deployment's; None where it is off."""
    space = Space.objects.get(pk=space_id)
    ensure_built_in(space)
    built_in = LanguageModel.objects.filter(space=space, provider_key__provider=Provider.BUILT_IN)
    enabled = built_in.filter(external_id=_default_alias(space), state=ModelState.ENABLED)
    return enabled.select_related("provider_key").first()


def choice_of(model: LanguageModel | None, space: Space) -> str | ModelChoice:
    """How the loop reaches a model: an alias of the deployment, or provider, address, key and prices.

    None is the space's default. Raises ModelRefused for a provider that cannot be reached from here.
    """
    if model is None:
        return _default_alias(space)
    if model.provider_key.provider == Provider.BUILT_IN:
        return model.external_id
    return choice_at_provider(model)


def ensure_built_in(space: Space) -> None:
    """Let a space have the deployment's models as rows, under a provider key that nobody can change.

    Repeated calls cost one read. A model that the deployment or the space's policy has dropped is disabled,
    since variations may still name it.
    """
    offered = offered_aliases(space)
    known = dict(
        LanguageModel.objects.filter(space=space, provider_key__provider=Provider.BUILT_IN).values_list(
            "external_id", "state"
        )
    )
    enabled = {alias for alias, state in known.items() if state == ModelState.ENABLED}
    if known.keys() >= set(offered) and enabled <= set(offered):
        return
    with transaction.atomic():
        key = _built_in_key(space)
        LanguageModel.objects.bulk_create(
            [_built_in_model(key, alias) for alias in offered if alias not in known], ignore_conflicts=True
        )
        dropped = key.models.filter(state=ModelState.ENABLED).exclude(external_id__in=offered)
        dropped.update(state=ModelState.DISABLED, updated_at=timezone.now())


def offered_aliases(space: Space) -> list[str]:
    """The deployment's models that a space may use."""
    return [alias for alias in model_aliases() if not space.allowed_models or alias in space.allowed_models]


def _default_alias(space: Space) -> str:
    return space.default_model or str(settings.DEFAULT_MODEL)


def _meant(models: QuerySet[LanguageModel], text: str) -> QuerySet[LanguageModel]:
    models = models.select_related("provider_key").order_by("created_at", "id")
    text = without_nul(text)
    if text.startswith(EXTERNAL):
        return models.filter(external_id=external_id_in(text)).exclude(external_id="")
    model_id = read(Prefix.MODEL, text)
    if model_id is not None:
        return models.filter(pk=model_id)
    alias = models.filter(provider_key__provider=Provider.BUILT_IN, external_id=text)
    if alias.exists():
        return alias
    called = Concat("provider_key__external_id", Value("."), "external_id")
    named = models.exclude(external_id="").exclude(provider_key__external_id="")
    return named.annotate(called=called).filter(called=text)


def _built_in_key(space: Space) -> ProviderKey:
    ours = ProviderKey(
        space=space,
        provider=Provider.BUILT_IN,
        name=BUILT_IN_NAME,
        external_id=BUILT_IN_EXTERNAL_ID,
        created_by=system_principal(),
        created_at=timezone.now(),
    )
    ProviderKey.objects.bulk_create([ours], ignore_conflicts=True)  # another request may be making it too
    return ProviderKey.objects.get(space=space, provider=Provider.BUILT_IN)


def _built_in_model(key: ProviderKey, alias: str) -> LanguageModel:
    choice = read_choices(settings.MODELS)[alias]
    prices = choice.prices or ModelPrices(input=Decimal(0), output=Decimal(0))
    return LanguageModel(
        space_id=key.space_id,
        provider_key=key,
        name=alias,
        external_id=alias,
        provider_model_id=choice.name,
        input_price=cents(prices.input),
        output_price=cents(prices.output),
        cached_input_price=cents(prices.cache_read or Decimal(0)),
        created_by_id=key.created_by_id,
        created_at=timezone.now(),
    )
