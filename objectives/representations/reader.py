"""For whom rows are shown, and what every portrait of an objective's parts begins with."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from objectives.client_versions import NEWEST, Dialect
from objectives.ids import Prefix
from objectives.models.resource import Operation
from objectives.representations.agents import Profiles, profiles_of
from objectives.schemas.metadata import OperationMetadata


@dataclass(frozen=True, slots=True)
class Viewer:
    """The account, what the client understands, and where it reached us."""

    tenant_id: uuid.UUID
    dialect: Dialect = NEWEST
    base_url: str = ""

    def operation(self, row: Operation, prefix: Prefix) -> OperationMetadata:
        return OperationMetadata.of(row, prefix, tenant_id=self.tenant_id)

    def profiles(self, principal_ids: Iterable[uuid.UUID | None]) -> Profiles:
        """The profile of each of these principals, in one query."""
        return profiles_of((one for one in principal_ids if one is not None), tenant_id=self.tenant_id)
