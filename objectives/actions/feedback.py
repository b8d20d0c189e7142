"""Keeping what somebody thought of an objective."""

import uuid
from datetime import datetime
from functools import partial

from objectives.access.permissions import MANAGE_OBJECTIVES
from objectives.models import Feedback, Objective
from objectives.schemas.history import FeedbackBody
from objectives.validation.labels import check_external_id, check_labels
from spaces.access import SpaceAccess
from spaces.idempotency import Repeatable, make_once


def give_feedback(
    *,
    access: SpaceAccess,
    objective_id: uuid.UUID,
    given: FeedbackBody,
    idempotency_key: str | None = None,
    now: datetime,
) -> Feedback:
    """One more opinion, which the choice of variations learns from; with the same key again it is that one.

    Raises Invalid, NotPermitted, and Conflict for a key that was used for something else.
    """
    access.require(MANAGE_OBJECTIVES)
    what = Repeatable(
        partial(_give, access, objective_id, given, now),
        lambda feedback: feedback.id,
        lambda made: Feedback.objects.filter(pk=made).select_related("objective", "variation").first(),
    )
    request = ("feedback", str(objective_id), given.wire())
    return make_once(what, idempotency_key, *request, access=access, now=now)


def _give(access: SpaceAccess, objective_id: uuid.UUID, given: FeedbackBody, now: datetime) -> Feedback:
    check_external_id(given.metadata.external_id, "body", "metadata", "externalId")
    check_labels(given.metadata.labels, "body", "metadata", "labels")
    objective = Objective.objects.get(pk=objective_id, space_id=access.space_id)
    return Feedback.objects.create(
        space_id=access.space_id,
        external_id=given.metadata.external_id,
        labels=given.metadata.labels,
        created_by_id=access.principal_id,
        created_at=now,
        objective=objective,
        agent_id=objective.agent_id,
        variation_id=objective.variation_id,
        score=given.data.score,
        comment=given.data.comment,
    )
