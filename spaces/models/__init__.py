"""Who owns, who acts, and what they may reach."""

from spaces.models.apikey import ApiKey
from spaces.models.blob import Blob
from spaces.models.membership import Membership, Role
from spaces.models.principal import Principal, PrincipalKind
from spaces.models.tenant import Space, Tenant
from spaces.models.ticket import Ticket
from spaces.models.uploadedfile import UploadedFile
from spaces.models.usedkey import UsedKey

__all__ = [
    "ApiKey",
    "Blob",
    "Membership",
    "Principal",
    "PrincipalKind",
    "Role",
    "Space",
    "Tenant",
    "Ticket",
    "UploadedFile",
    "UsedKey",
]
