"""Language models: `/workspaces/{workspaceId}/models`."""

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.permissions import MANAGE_MODELS, READ_MODELS
from objectives.actions.models import create_model, disable_model, enable_model, swap_models, update_model
from objectives.api.describing import NAMES, PAGING, operation, page_of
from objectives.api.lists import answer_page, by_name, choices, flag, named_by, wants_info
from objectives.api.masks import Patch, changes
from objectives.api.viewsets import WorkspaceViewSet
from objectives.models import AgentVariation, LanguageModel, ModelState, ProviderKey
from objectives.portraits.models import show_models
from objectives.providers.choosing import ensure_built_in, model_at
from objectives.shapes.models import Model, ModelChanges, ModelSwaps, NewModel, PricingOverride
from objectives.shapes.status import Empty
from objectives.spelling import Prefix
from spaces.errors import Invalid
from spaces.models import Space

TAG = "models"
OF_ONE = "workspace_id model_id"
STATES = {f"STATE_{state.upper()}": state for state in ModelState.values}
FILTERS = {
    **PAGING,
    **NAMES,
    "state": "`STATE_ENABLED` or `STATE_DISABLED`.",
    "aiProviderKeyId": "Only those of this provider key, by id or `external_id:…`.",
    "isAssigned": "`true` or `false`: whether variations use them.",
}


class ModelPatch(Patch):
    """What changes of a model. A mask must name fields: `spec.family`, not `spec`."""

    spec: ModelChanges | None = None
    """What it is."""
    pricing_override: PricingOverride | None = None
    """Prices that count instead; one that the mask names and the body leaves out is taken back."""


class ModelViewSet(WorkspaceViewSet):
    """The models of a workspace, the deployment's own among them."""

    reads, writes = READ_MODELS, MANAGE_MODELS

    @operation(
        "listModels", "List models", tag=TAG, answer=page_of(Model), query=FILTERS, paths="workspace_id"
    )
    def list(self, request: Request, workspace_id: str) -> Response:
        with_info = wants_info(request)
        return answer_page(
            self._filtered(request),
            request,
            of_list=f"{workspace_id}/models",
            show=lambda page: show_models(page, tenant_id=self.tenant_id, with_info=with_info),
        )

    @operation(
        "createModel",
        "Offer a model of a provider key",
        tag=TAG,
        answer=Model,
        body=NewModel,
        paths="workspace_id provider_key_id",
    )
    def create(self, request: Request, workspace_id: str, provider_key_id: str) -> Response:
        new, now = self.body(NewModel), timezone.now()
        return self._answer(create_model(access=self.access, provider_key=provider_key_id, new=new, now=now))

    @operation("getModel", "Read a model", tag=TAG, answer=Model, paths=OF_ONE)
    def retrieve(self, request: Request, workspace_id: str, model_id: str) -> Response:
        return self._answer(model_at(self._rows(), model_id))

    @operation("updateModel", "Change a model", tag=TAG, answer=Model, body=ModelPatch, paths=OF_ONE)
    def update(self, request: Request, workspace_id: str, model_id: str) -> Response:
        patch = self.body(ModelPatch)
        if any("." not in path for path in patch.update_mask.split(",") if path.strip()):
            message = "A model's mask names fields, such as spec.family."
            raise Invalid.field("body", "updateMask", msg=message, value=patch.update_mask[:200])
        given = changes(patch, spec=ModelChanges, pricing_override=PricingOverride)
        now = timezone.now()
        return self._answer(update_model(access=self.access, address=model_id, changes=given, now=now))

    @operation("enableModel", "Let a model be chosen", tag=TAG, answer=Model, paths=OF_ONE)
    def enable(self, request: Request, workspace_id: str, model_id: str) -> Response:
        return self._answer(enable_model(access=self.access, address=model_id, now=timezone.now()))

    @operation("disableModel", "Let a model not be chosen any more", tag=TAG, answer=Model, paths=OF_ONE)
    def disable(self, request: Request, workspace_id: str, model_id: str) -> Response:
        return self._answer(disable_model(access=self.access, address=model_id, now=timezone.now()))

    @operation(
        "swapModelOnVariations",
        "Give variations another model",
        tag=TAG,
        answer=Empty,
        body=ModelSwaps,
        paths="workspace_id",
    )
    def swap(self, request: Request, workspace_id: str) -> Response:
        swap_models(access=self.access, swaps=self.body(ModelSwaps).model_swaps, now=timezone.now())
        return self.answer(Empty())

    def _filtered(self, request: Request) -> QuerySet[LanguageModel]:
        rows = by_name(self._rows(), request)
        if states := choices(request, "state", STATES):
            rows = rows.filter(state__in=states)
        keys = ProviderKey.objects.filter(space_id=self.space_id)
        otherwise = "There is no such provider key in this workspace."
        if key := named_by(keys, Prefix.PROVIDER_KEY, request, "aiProviderKeyId", otherwise=otherwise):
            rows = rows.filter(provider_key=key)
        assigned = flag(request, "isAssigned")
        if assigned is not None:
            used = Exists(AgentVariation.objects.filter(model=OuterRef("pk")))
            rows = rows.filter(used if assigned else ~used)
        return rows

    def _rows(self) -> QuerySet[LanguageModel]:
        ensure_built_in(Space.objects.get(pk=self.space_id))
        return LanguageModel.objects.filter(space_id=self.space_id).select_related("provider_key")

    def _answer(self, row: LanguageModel) -> Response:
        return self.answer(show_models([row], tenant_id=self.tenant_id, with_info=True)[0])
