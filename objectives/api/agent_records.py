"""What came of an agent's work: feedback on its objectives, and deliveries of webhooks (not built)."""

from datetime import datetime

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.permissions import READ_AGENTS
from objectives.actions.finding import known_agent
from objectives.api.describing import NAMES, NOT_BUILT, PAGING, operation, page_of
from objectives.api.lists import answer_page, choices, empty_page, named_by
from objectives.api.viewsets import WorkspaceViewSet
from objectives.models import Agent, AgentVariation, Feedback
from objectives.portraits.history import show_feedback
from objectives.portraits.reader import Reader
from objectives.shapes.history import ObjectiveFeedback
from objectives.shapes.metadata import OperationMetadata
from objectives.shapes.shape import Shape
from objectives.spelling import Json, Prefix, without_nul
from spaces.errors import Invalid

TAG = "agents"
OF_ONE = "workspace_id agent_id"
FEEDBACK_FILTERS = {
    **PAGING,
    "query": "Only comments that hold this.",
    "sentiment": "`FEEDBACK_SENTIMENT_POSITIVE` (above 0) or `FEEDBACK_SENTIMENT_NEGATIVE` (below 0).",
    "agentVariationId": "Only on this variation's work, `agentvar_…` or `external_id:…`.",
    "createdAfter": "Only later than this, RFC 3339.",
    "createdBefore": "Only earlier than this, RFC 3339.",
    "includeInfo": NAMES["includeInfo"],
}
DELIVERY_FILTERS = {
    **PAGING,
    "objectiveId": "Only of this objective.",
    "eventType": "Only of this type of event, `OBJECTIVE_EVENT_TYPE_…`.",
}
SENTIMENTS = {"FEEDBACK_SENTIMENT_POSITIVE": "score__gt", "FEEDBACK_SENTIMENT_NEGATIVE": "score__lt"}


class WebhookDelivery(Shape):
    """One event that was sent to an agent's webhook. Not built: there are none."""

    metadata: OperationMetadata
    """Identity."""
    data: Json
    """What was sent, where to, and what came of it."""


class AgentRecordsViewSet(WorkspaceViewSet):
    """What is written down about an agent."""

    reads = READ_AGENTS

    @operation(
        "listAgentFeedback",
        "List the feedback on an agent's objectives",
        tag=TAG,
        answer=page_of(ObjectiveFeedback),
        query=FEEDBACK_FILTERS,
        paths=OF_ONE,
    )
    def list_feedback(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        agent = known_agent(self.access, agent_id)
        return answer_page(
            self._feedback(request, agent).select_related("objective", "variation"),
            request,
            of_list=f"{workspace_id}/agents/{agent.id}/feedback",
            show=lambda page: show_feedback(page, reader=Reader(self.tenant_id)),
        )

    @operation(
        "listAgentWebhookDeliveries",
        "List the deliveries of an agent's webhook: there are none, it is not built",
        tag=NOT_BUILT,
        answer=page_of(WebhookDelivery),
        query=DELIVERY_FILTERS,
        paths=OF_ONE,
    )
    def list_webhook_deliveries(self, request: Request, workspace_id: str, agent_id: str) -> Response:
        known_agent(self.access, agent_id)
        return empty_page(request)

    def _feedback(self, request: Request, agent: Agent) -> QuerySet[Feedback]:
        rows = Feedback.objects.filter(agent=agent)
        given = {name: without_nul(request.query_params.get(name, "")) for name in FEEDBACK_FILTERS}
        if given["query"]:
            rows = rows.filter(comment__icontains=given["query"])
        if sentiments := choices(request, "sentiment", SENTIMENTS):
            rows = rows.filter(**{sentiments[0]: 0})
        variations = AgentVariation.objects.filter(agent=agent)
        if variation := named_by(variations, Prefix.VARIATION, request, "agentVariationId"):
            rows = rows.filter(variation=variation)
        for name, condition in (("createdAfter", "created_at__gt"), ("createdBefore", "created_at__lt")):
            if given[name]:
                rows = rows.filter(**{condition: _moment(name, given[name])})
        return rows


def _moment(name: str, text: str) -> datetime:
    """A time with its zone; raises Invalid."""
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))  # a plus sign that was not encoded
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        message = "Must be a time such as 2026-11-22T12:00:00Z."
        raise Invalid.field("query", name, msg=message, value=text[:200])
    return moment
