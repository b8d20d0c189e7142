"""Providers that do not want to be asked for a while, as all workers know it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Q
from django.db.models.functions import JSONObject, Now

from executions.inference.choices import ModelChoice
from executions.inference.credentials import identity_of
from executions.inference.errors import ModelUnavailable
from objectives.ids import Json
from objectives.models import ProviderPause
from spaces.models import Space

LATELY: Final = timedelta(seconds=10)  # whoever asks then does so among few
KEPT: Final = timedelta(days=1)


def note_pause(asked: ModelUnavailable, *, now: datetime) -> None:
    """Write down for how long a provider wants to be left alone by all whom it `asked` for it."""
    limited = asked.limited
    if limited is None or not asked.retry_after:
        return
    until = now + timedelta(seconds=asked.retry_after)
    pause = ProviderPause(credential=limited.identity, key_id=limited.key_id, until=until)
    ProviderPause.objects.bulk_create([pause], ignore_conflicts=True)
    ProviderPause.objects.filter(pk=pause.pk, until__lt=until).update(until=until)
    ProviderPause.objects.filter(key_id=limited.key_id, until__lt=now - KEPT).delete()


def space_and_pauses(space_id: UUID, key_id: UUID | None) -> tuple[Space, list[Json]]:
    """A space, with the pauses of a provider key and those of the deployment's own credentials."""
    known = ProviderPause.objects.filter(Q(key_id=key_id) | Q(key_id=None), until__gt=Now() - LATELY)
    # In the statement that is made anyway: every step that asks a model makes it.
    pauses = ArraySubquery(known.values_list(JSONObject(credential="credential", until="until")))
    space = Space.objects.annotate(pauses=pauses).get(pk=space_id)
    return space, space.pauses


def held_back(choice: ModelChoice, pauses: Iterable[Json]) -> ModelChoice:
    """The choice, with the time before which it must not be asked if there is one among these pauses."""
    if not pauses:
        return choice
    identity = identity_of(choice)
    until = [one["until"] for one in pauses if one["credential"] == identity]
    return choice.model_copy(update={"not_before": datetime.fromisoformat(until[0])}) if until else choice
