"""What came of an agent's work: feedback on its objectives, and deliveries of webhooks (not built)."""

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.permissions import READ_AGENTS
from objectives.actions.finding import known_agent
from objectives.api.describing import NOT_BUILT, page_of
from objectives.api.filters import (
    AlwaysInfoFilter,
    EnumFilter,
    MomentFilter,
    QueryParameter,
    WorkspaceFilter,
    found_by,
)
from objectives.api.pagination import NewestFirst
from objectives.api.viewsets import WorkspaceViewSet
from objectives.ids import Json, Prefix
from objectives.models import AgentVariation, Feedback
from objectives.representations.history import show_feedback
from objectives.representations.reader import Viewer
from objectives.schemas.history import ObjectiveFeedback
from objectives.schemas.metadata import OperationMetadata
from objectives.schemas.shape import Shape
from spaces.api.operations import operation
from spaces.api.permissions import Needs

TAG = "agents"
SENTIMENTS = {"FEEDBACK_SENTIMENT_POSITIVE": "score__gt", "FEEDBACK_SENTIMENT_NEGATIVE": "score__lt"}


def _of_sentiment(rows: QuerySet[Feedback], conditions: list[str]) -> QuerySet[Feedback]:
    return rows.filter(**{conditions[0]: 0})


class FeedbackFilter(AlwaysInfoFilter):
    query = QueryParameter("comment__icontains", help_text="Only comments that hold this, in any case.")
    sentiment = EnumFilter(
        None, SENTIMENTS, help_text="Only scores above 0, or below; the first counts.", narrow=_of_sentiment
    )
    agent_variation_id = QueryParameter(
        help_text="Only on this variation's work, `agentvar_…` or `external_id:…`."
    )
    created_after = MomentFilter("created_at__gt", help_text="Only later than this, RFC 3339.")
    created_before = MomentFilter("created_at__lt", help_text="Only earlier than this, RFC 3339.")


class DeliveryFilter(WorkspaceFilter):
    objective_id = QueryParameter(help_text="Only of this objective.")
    event_type = QueryParameter(help_text="Only of this type of event, `OBJECTIVE_EVENT_TYPE_…`.")


class WebhookDelivery(Shape):
    """One event that was sent to an agent's webhook. Not built: there are none."""

    metadata: OperationMetadata
    """Identity."""
    data: Json
    """What was sent, where to, and what came of it."""


class AgentRecordsViewSet(WorkspaceViewSet):
    """What is written down about an agent."""

    permission_classes = (Needs.by_action(READ_AGENTS),)

    @operation(
        "listAgentFeedback",
        "List the feedback on an agent's objectives",
        tag=TAG,
        answer=page_of(ObjectiveFeedback),
        filterset_class=FeedbackFilter,
        pagination_class=NewestFirst,
    )
    def list_feedback(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        """What people thought of the agent's work, over all of its objectives, with the variation that did
        it.
        """
        agent = known_agent(self.access, agent_id)
        rows = Feedback.objects.filter(agent=agent).select_related("objective", "variation")
        if address := request.query_params.get("agentVariationId"):
            variations = AgentVariation.objects.filter(agent=agent)
            rows = rows.filter(variation=found_by(variations, Prefix.VARIATION, address, "agentVariationId"))
        return self.answer_page(
            rows,
            of_list=f"{workspace_id}/agents/{agent.id}/feedback",
            show=lambda page: show_feedback(page, reader=Viewer(self.tenant_id)),
        )

    @operation(
        "listAgentWebhookDeliveries",
        "List the deliveries of an agent's webhook: there are none, it is not built",
        tag=NOT_BUILT,
        answer=page_of(WebhookDelivery),
        filterset_class=DeliveryFilter,
        pagination_class=NewestFirst,
    )
    def list_webhook_deliveries(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        """Webhooks are not built, so this list is always empty. Its parameters are checked like those of
        other lists.
        """
        known_agent(self.access, agent_id)
        return self.answer_page(
            Feedback.objects.none(), of_list=f"{workspace_id}/webhook_deliveries", show=lambda _: []
        )
