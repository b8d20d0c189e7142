"""Taking a skill out of use, and back into it."""

import uuid
from datetime import datetime

from django.db import transaction

from executions.models import Skill
from spaces.errors import NotFound


def retire_skill(*, skill_id: uuid.UUID, now: datetime) -> Skill:
    """No new run starts from it; what runs goes on. A repeated call changes nothing. Raises NotFound."""
    return _set_retired(skill_id, now)


def restore_skill(*, skill_id: uuid.UUID) -> Skill:
    """It can be started again; a repeated call changes nothing. Raises NotFound."""
    return _set_retired(skill_id, None)


def _set_retired(skill_id: uuid.UUID, retired_at: datetime | None) -> Skill:
    with transaction.atomic():
        skill = Skill.objects.select_for_update(no_key=True).filter(pk=skill_id).first()
        if skill is None:
            raise NotFound
        if (skill.retired_at is None) != (retired_at is None):
            skill.retired_at = retired_at
            skill.save(update_fields=["retired_at"])
    return skill
