"""Finding a row by its id or by `external_id:<name>`, inside what the caller may see."""

from typing import Any

from django.db.models import Model, QuerySet

from objectives.spelling import Prefix, external_id_in, read
from spaces.errors import NotFound


def find[M: Model](rows: QuerySet[M], prefix: Prefix, address: str) -> M:
    """The one row of `rows` that an address means; raises NotFound, also for an odd address.

    `rows` are already those of one space (or of one parent in it): the address decides nothing about access.
    """
    row = rows.filter(**_condition(prefix, address)).first()
    if row is None:
        raise NotFound
    return row


def _condition(prefix: Prefix, address: str) -> dict[str, Any]:
    external_id = external_id_in(address)
    if external_id:
        return {"external_id": external_id}
    row_id = read(prefix, address)
    if row_id is None:
        raise NotFound
    return {"pk": row_id}
