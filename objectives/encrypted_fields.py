"""Every column that holds sealed values, and what each value in it is bound to."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import BinaryField, Func, Model, Q, QuerySet, Value

from objectives.encryption import BOUND, newest_key_id, open_sealed, seal
from objectives.models import ProviderKey, Secret
from spaces.models import Tenant


@dataclass(frozen=True)
class EncryptedField:
    """Where sealed values are kept: a kind of row, the field of the value and that of its key's id.

    A value is bound to `purpose`, which says what it is for and never changes, to the row's id, and to the
    row's `owners`, the columns that say whose it is. A row therefore has its id and its owners before it is
    given a value, and keeps them. Its name is not among them, since people rename.
    """

    model: type[Model]
    value: str
    key_id: str
    purpose: str
    owners: tuple[str, ...] = ()

    def __str__(self) -> str:
        name = str(self.model._meta.verbose_name_plural)
        return name if self.value == "sealed" else f"{name} ({self.value.replace('_', ' ')})"

    def seal(self, row: Model, value: str) -> set[str]:
        """Seal a value into a row, which the caller saves; the names of the columns set."""
        sealed, key_id = seal(value, bound_to=self._bound_to(row))
        setattr(row, self.value, sealed)
        setattr(row, self.key_id, key_id)
        return {self.value, self.key_id}

    def open(self, row: Model) -> str:
        """The value that a row has; raises CannotOpen, also where the row has none."""
        sealed = getattr(row, self.value) or b""
        return open_sealed(sealed, getattr(row, self.key_id), bound_to=self._bound_to(row))

    def due(self) -> "QuerySet[Any]":
        """The rows whose value is to be sealed anew: by an older key, or bound to nothing."""
        start = Func(
            self.value, Value(1), Value(len(BOUND)), function="SUBSTRING", output_field=BinaryField()
        )
        rows: QuerySet[Any] = QuerySet(self.model).filter(**{f"{self.value}__isnull": False})
        current = Q(**{self.key_id: newest_key_id()}) & Q(start=BOUND)
        due: QuerySet[Any] = rows.alias(start=start).exclude(current)
        return due

    def _bound_to(self, row: Model) -> str:
        ids = [row.pk, *(getattr(row, owner) for owner in self.owners)]
        return json.dumps([self.purpose, *(None if one is None else uuid.UUID(str(one)).hex for one in ids)])


SECRETS = EncryptedField(
    Secret, "sealed", "sealed_with", "secret", ("space_id", "tool_set_id", "objective_id")
)
CREDENTIALS = EncryptedField(ProviderKey, "sealed", "sealed_with", "provider credential", ("space_id",))
WEBHOOK_SECRETS = EncryptedField(Tenant, "webhook_secret", "webhook_secret_key", "webhook secret")
CHALLENGE_TOKENS = EncryptedField(Tenant, "challenge_token", "challenge_token_key", "challenge token")
PLACES = (SECRETS, CREDENTIALS, WEBHOOK_SECRETS, CHALLENGE_TOKENS)
