"""Language models: `/workspaces/{workspaceId}/models`."""

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.permissions import MANAGE_MODELS, READ_MODELS
from objectives.actions.models import create_model, disable_model, enable_model, swap_models, update_model
from objectives.api.describing import page_of
from objectives.api.examples import MODEL, MODEL_SWAP, NEW_MODEL, page as page_example
from objectives.api.field_masks import Patch, changes
from objectives.api.filters import AddressFilter, EnumFilter, FlagFilter, NamedFilter, wants_info
from objectives.api.pagination import NewestFirst
from objectives.api.viewsets import WorkspaceViewSet
from objectives.ids import Prefix
from objectives.model_providers.selection import ensure_built_in, model_at
from objectives.models import AgentVariation, LanguageModel, ModelState, ProviderKey
from objectives.representations.models import show_models
from objectives.schemas.models import Model, ModelChanges, ModelSwaps, NewModel, PricingOverride
from objectives.schemas.status import Empty
from spaces.api.operations import operation
from spaces.api.permissions import Needs
from spaces.errors import Invalid
from spaces.models import Space

TAG = "models"
STATES = {f"STATE_{state.upper()}": state for state in ModelState.values}


def _assigned(rows: QuerySet[LanguageModel], is_assigned: bool) -> QuerySet[LanguageModel]:  # noqa: FBT001
    used = Exists(AgentVariation.objects.filter(model=OuterRef("pk")))
    return rows.filter(used if is_assigned else ~used)


class ModelFilter(NamedFilter):
    state = EnumFilter("state__in", STATES, help_text="Only models in one of these states.")
    ai_provider_key_id = AddressFilter(
        "provider_key",
        ProviderKey,
        Prefix.PROVIDER_KEY,
        help_text="Only those of this provider key",
        otherwise="Provider key not found in this workspace.",
    )
    is_assigned = FlagFilter(help_text="Only those that variations use, or that none uses.", narrow=_assigned)


class ModelPatch(Patch):
    """What changes of a model. A mask must name fields: `spec.family`, not `spec`."""

    spec: ModelChanges | None = None
    """What it is."""
    pricing_override: PricingOverride | None = None
    """Prices that count instead; one that the mask names and the body leaves out is taken back."""


class ModelViewSet(WorkspaceViewSet):
    """The models of a workspace, the deployment's own among them."""

    permission_classes = (Needs.by_action(READ_MODELS, MANAGE_MODELS),)

    @operation(
        "listModels",
        "List models",
        tag=TAG,
        answer=page_of(Model),
        filterset_class=ModelFilter,
        pagination_class=NewestFirst,
        examples={"answer": page_example(MODEL)},
    )
    def list(self, request: Request, workspace_id: str) -> Response:
        """The language models that variations may be given, the deployment's own among them."""
        with_info = wants_info(request)
        return self.answer_page(
            self._rows(),
            of_list=f"{workspace_id}/models",
            show=lambda page: show_models(page, tenant_id=self.tenant_id, with_info=with_info),
        )

    @operation(
        "createModel",
        "Create a model",
        tag=TAG,
        body=NewModel,
        answer=Model,
        errors=[409],
        examples={"body": NEW_MODEL, "answer": MODEL},
    )
    def create(self, request: Request, workspace_id: str, provider_key_id: str) -> Response:
        """Offers one more model of a provider key, enabled at once. Nothing is asked of the provider here: a
        wrong `providerModelId` shows when the model is used.

        The deployment's own keys take no further models (code 9).
        """
        new, now = self.body(NewModel), timezone.now()
        return self._answer(create_model(access=self.access, provider_key=provider_key_id, new=new, now=now))

    @operation(
        "getModel",
        "Read a model",
        tag=TAG,
        answer=Model,
        examples={"answer": MODEL},
    )
    def retrieve(self, request: Request, workspace_id: str, model_id: str) -> Response:
        """One model with its limits and prices, its provider key, and how many variations use it."""
        return self._answer(model_at(self._rows(), model_id))

    @operation(
        "updateModel",
        "Change a model",
        tag=TAG,
        body=ModelPatch,
        answer=Model,
        errors=[409],
    )
    def update(self, request: Request, workspace_id: str, model_id: str) -> Response:
        """Changes the fields that `updateMask` names, or those that the body brings; a mask must name fields,
        such as `spec.family`. What runs already goes on as it began.

        The deployment's own models cannot be changed (code 9).
        """
        patch = self.body(ModelPatch)
        if any("." not in path for path in patch.update_mask.split(",") if path.strip()):
            message = "A model's updateMask names fields, such as spec.family."
            raise Invalid.field("body", "updateMask", msg=message, value=patch.update_mask[:200])
        given = changes(patch, spec=ModelChanges, pricing_override=PricingOverride)
        now = timezone.now()
        return self._answer(update_model(access=self.access, address=model_id, changes=given, now=now))

    @operation(
        "enableModel",
        "Enable a model",
        tag=TAG,
        answer=Model,
    )
    def enable(self, request: Request, workspace_id: str, model_id: str) -> Response:
        """Lets a model be chosen again. A repeated call changes nothing.

        A model of the deployment's own that it no longer offers here is refused (code 9).
        """
        return self._answer(enable_model(access=self.access, address=model_id, now=timezone.now()))

    @operation(
        "disableModel",
        "Disable a model",
        tag=TAG,
        answer=Model,
    )
    def disable(self, request: Request, workspace_id: str, model_id: str) -> Response:
        """Lets a model not be chosen any more. A repeated call changes nothing.

        While variations use it this is refused (code 9): give them another with `:swapModelOnVariations`
        first.
        """
        return self._answer(disable_model(access=self.access, address=model_id, now=timezone.now()))

    @operation(
        "swapModelOnVariations",
        "Give variations another model",
        tag=TAG,
        body=ModelSwaps,
        answer=Empty,
        examples={"body": MODEL_SWAP},
    )
    def swap_model_on_variations(self, request: Request, workspace_id: str) -> Response:
        """Gives every variation that has one model another, pair after pair, and disables the first where
        that is asked for.

        All pairs are checked before anything is changed. Objectives that were started keep their model.
        """
        swap_models(access=self.access, swaps=self.body(ModelSwaps).model_swaps, now=timezone.now())
        return self.answer(Empty())

    def _rows(self) -> QuerySet[LanguageModel]:
        ensure_built_in(Space.objects.get(pk=self.space_id))
        return LanguageModel.objects.filter(space_id=self.space_id).select_related("provider_key")

    def _answer(self, row: LanguageModel) -> Response:
        return self.answer(show_models([row], tenant_id=self.tenant_id, with_info=True)[0])
