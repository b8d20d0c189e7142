"""Models and provider keys as the API shows them, read for many at once in a fixed number of queries."""

import uuid
from collections.abc import Iterable, Sequence

from django.db.models import Count, Q

from objectives.model_providers.credentials import status_of
from objectives.models import AgentVariation, LanguageModel, ModelState, Provider, ProviderKey
from objectives.schemas.models import Model, ModelInfo
from objectives.schemas.providers import ProviderKeyInfo, ProviderKeySchema

type Counts = dict[uuid.UUID, tuple[int, int]]


def show_provider_keys(
    rows: Sequence[ProviderKey], *, tenant_id: uuid.UUID, with_info: bool
) -> list[ProviderKeySchema]:
    """These keys, in this order; `rows` are all of one account."""
    counts = _model_counts(row.pk for row in rows) if with_info else {}
    return [
        ProviderKeySchema.of(row, _key_info(row, counts) if with_info else None, tenant_id=tenant_id)
        for row in rows
    ]


def show_models(rows: Sequence[LanguageModel], *, tenant_id: uuid.UUID, with_info: bool) -> list[Model]:
    """These models, in this order; `rows` are all of one account, each read with its provider key."""
    if not with_info:
        return [Model.of(row, None, tenant_id=tenant_id) for row in rows]
    used = AgentVariation.objects.filter(model__in=rows).order_by().values_list("model_id")
    uses: dict[uuid.UUID | None, int] = dict(used.annotate(Count("id")))
    keys = list({row.provider_key_id: row.provider_key for row in rows}.values())
    shown = {
        key.id: shape
        for key, shape in zip(
            keys, show_provider_keys(keys, tenant_id=tenant_id, with_info=True), strict=True
        )
    }
    infos = [
        ModelInfo(
            agent_variation_count=uses.get(row.id, 0),
            ai_provider_key=shown[row.provider_key_id],
            last_used_at=row.last_used_at,
        )
        for row in rows
    ]
    return [Model.of(row, info, tenant_id=tenant_id) for row, info in zip(rows, infos, strict=True)]


def _model_counts(key_ids: Iterable[uuid.UUID]) -> Counts:
    """Enabled and disabled models by provider key."""
    models = (
        LanguageModel.objects.filter(provider_key__in=list(key_ids)).order_by().values_list("provider_key")
    )
    counted = models.annotate(
        enabled=Count("id", filter=Q(state=ModelState.ENABLED)),
        disabled=Count("id", filter=Q(state=ModelState.DISABLED)),
    )
    return {key_id: (enabled, disabled) for key_id, enabled, disabled in counted}


def _key_info(row: ProviderKey, counts: Counts) -> ProviderKeyInfo:
    enabled, disabled = counts.get(row.pk, (0, 0))
    is_ours = row.provider == Provider.BUILT_IN
    return ProviderKeyInfo(
        enabled_model_count=enabled,
        disabled_model_count=disabled,
        is_promotional=is_ours,
        model_management=f"MODEL_MANAGEMENT_{'CADENYA' if is_ours else 'MANUAL'}",
        credential_status=status_of(row),
    )
