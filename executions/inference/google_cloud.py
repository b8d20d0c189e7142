"""Vertex AI's credentials from a service account's document, with nothing asked of anybody.

Decision: the service account signs its token itself (AIP-4111), as Google's own clients of Vertex AI do. So
no address of the document is ever followed, no second service can fail or hang, and no access token is kept.
What signs is made of three members of the document, whatever else it says.
"""

import json

from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError
from google.oauth2.service_account import Credentials as ServiceAccount
from pydantic import SecretStr

from executions.inference.errors import ModelRefused

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TOKEN_ADDRESS = "https://oauth2.googleapis.com/token"  # noqa: S105 - the public address of no secret
_SIGNING = ("client_email", "private_key", "private_key_id")


def service_account_credentials(document: SecretStr) -> Credentials:
    """Credentials that hold a token for the next hour; raises ModelRefused, which quotes nothing."""
    try:
        given = json.loads(document.get_secret_value())
        signing = {name: given[name] for name in _SIGNING if name in given}
        credentials = ServiceAccount.from_service_account_info(
            {**signing, "token_uri": TOKEN_ADDRESS}, scopes=[SCOPE], always_use_jwt_access=True
        )
        # With nothing to send requests with, it cannot but sign.
        credentials.refresh(None)
    except (GoogleAuthError, ValueError, TypeError, KeyError, AttributeError):
        raise ModelRefused("the document of the service account cannot be used") from None
    return credentials
