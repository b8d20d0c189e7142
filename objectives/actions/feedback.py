"""Keeping what somebody thought of an objective."""

import uuid
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from objectives.labels import check_external_id, check_labels
from objectives.models import Feedback, Objective
from spaces.access import SpaceAccess


def give_feedback(
    *,
    access: SpaceAccess,
    objective_id: uuid.UUID,
    score: float,
    comment: str,
    external_id: str,
    labels: Mapping[str, str],
    now: datetime,
) -> Feedback:
    """One more opinion, from -1 to 1, which the choice of variations learns from. Raises NotPermitted."""
    access.require("objectives:manage")
    check_external_id(external_id, "body", "metadata", "externalId")
    check_labels(labels, "body", "metadata", "labels")
    with transaction.atomic():
        objective = Objective.objects.get(pk=objective_id, space_id=access.space_id)
        return Feedback.objects.create(
            objective=objective,
            variation_id=objective.variation_id,
            space_id=access.space_id,
            score=score,
            comment=comment,
            external_id=external_id,
            labels=dict(labels),
            created_by_id=access.principal_id,
            created_at=now,
        )
