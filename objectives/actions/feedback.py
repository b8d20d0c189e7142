"""Keeping what somebody thought of an objective."""

import uuid
from datetime import datetime

from django.db import transaction

from objectives.actions.naming import new_identity
from objectives.models import Feedback, Objective
from objectives.shapes.history import FeedbackBody
from spaces.access import SpaceAccess


def give_feedback(
    *, access: SpaceAccess, objective_id: uuid.UUID, given: FeedbackBody, now: datetime
) -> Feedback:
    """One more opinion, which the choice of variations learns from. Raises Invalid and NotPermitted."""
    access.require("objectives:manage")
    identity = new_identity(given.metadata, access=access, now=now)
    with transaction.atomic():
        objective = Objective.objects.get(pk=objective_id, space_id=access.space_id)
        return Feedback.objects.create(
            objective=objective,
            agent_id=objective.agent_id,
            variation_id=objective.variation_id,
            score=given.data.score,
            comment=given.data.comment,
            **identity,
        )
