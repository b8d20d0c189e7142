"""For whom rows are shown, and who is named in them."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from objectives.client_versions import NEWEST, Dialect
from objectives.representations.selectors import Profiles, profiles_of


@dataclass(frozen=True, slots=True)
class Viewer:
    """The account, what the client understands, and where it reached us."""

    tenant_id: uuid.UUID
    dialect: Dialect = NEWEST
    base_url: str = ""

    def profiles(self, principal_ids: Iterable[uuid.UUID | None]) -> Profiles:
        """The profile of each of these principals, in one query."""
        return profiles_of((one for one in principal_ids if one is not None), tenant_id=self.tenant_id)
