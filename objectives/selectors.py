"""Finding a row by what a request calls it, inside what the caller may see."""

import uuid

from django.db.models import Model, QuerySet

from executions.runs.models import RunEvent
from objectives.ids import EXTERNAL, Prefix, read, without_nul
from spaces.errors import Invalid, NotFound


def find[M: Model](rows: QuerySet[M], prefix: Prefix, address: str) -> M:
    """The one row of `rows` that an address means; raises NotFound, also for an odd address.

    `rows` are already those of one space (or of one parent in it): the address decides nothing about access.
    """
    if address.startswith(EXTERNAL) and address != EXTERNAL:
        rows = rows.filter(external_id=without_nul(address.removeprefix(EXTERNAL)))
    elif row_id := read(prefix, address):
        rows = rows.filter(pk=row_id)
    else:
        raise NotFound
    row = rows.first()
    if row is None:
        raise NotFound
    return row


def event_number(objective_id: uuid.UUID, event: str, *loc: str) -> int:
    """The number of an event, `objevt_…`, in its objective's log; raises Invalid at `loc` for another's."""
    event_id = read(Prefix.EVENT, event)
    number = None
    if event_id is not None:
        rows = RunEvent.objects.filter(run_id=objective_id, event_id=event_id)
        number = rows.values_list("seq", flat=True).first()
    if number is None:
        raise Invalid.field(*loc, msg="Event not found in this objective.", value=event[:200])
    return number
