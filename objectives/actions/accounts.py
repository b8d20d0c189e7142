"""The secrets of an account: made when first needed, renewed, and sealed at rest.

Each verb raises NotPermitted to whoever does not manage the account.
"""

import base64
import secrets
import uuid

from django.db import transaction

from objectives.access.accounts import AccountAccess
from objectives.encrypted_fields import CHALLENGE_TOKENS, WEBHOOK_SECRETS, EncryptedField
from objectives.encryption import CannotOpen
from spaces.errors import NotReady
from spaces.models import Tenant

SECRET_BYTES = 32


def account_secrets(*, access: AccountAccess) -> tuple[str, str]:
    """The webhook secret and the challenge token of an account.

    Raises NotReady where what is kept cannot be opened.
    """
    access.require_account()
    tenant = Tenant.objects.get(pk=access.tenant_id)
    if tenant.webhook_secret is None or tenant.challenge_token is None:
        tenant = _with_secrets(access.tenant_id)
    try:
        return WEBHOOK_SECRETS.open(tenant), CHALLENGE_TOKENS.open(tenant)
    except CannotOpen as error:
        raise NotReady("The account's secrets cannot be decrypted any more: rotate both.") from error


def rotate_webhook_secret(*, access: AccountAccess) -> str:
    """A new secret; what is signed from now on is signed with it."""
    access.require_account()
    return _renew(access.tenant_id, WEBHOOK_SECRETS, _new_webhook_secret())


def rotate_challenge_token(*, access: AccountAccess) -> str:
    """A new challenge token in place of the old one."""
    access.require_account()
    return _renew(access.tenant_id, CHALLENGE_TOKENS, secrets.token_urlsafe(SECRET_BYTES))


@transaction.atomic
def _renew(tenant_id: uuid.UUID, place: EncryptedField, value: str) -> str:
    tenant = Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)
    tenant.save(update_fields=place.seal(tenant, value))
    return value


def _with_secrets(tenant_id: uuid.UUID) -> Tenant:
    """The tenant with both, each made once however many ask at the same time."""
    with transaction.atomic():
        tenant = Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)
        fields: set[str] = set()
        if tenant.webhook_secret is None:
            fields |= WEBHOOK_SECRETS.seal(tenant, _new_webhook_secret())
        if tenant.challenge_token is None:
            fields |= CHALLENGE_TOKENS.seal(tenant, secrets.token_urlsafe(SECRET_BYTES))
        tenant.save(update_fields=fields)
    return tenant


def _new_webhook_secret() -> str:
    """As Standard Webhooks writes it."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"
