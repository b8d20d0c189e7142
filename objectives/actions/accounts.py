"""The secrets of an account: made when first needed, renewed, and sealed at rest."""

import base64
import secrets
import uuid

from django.db import transaction

from objectives.vault import open_sealed, seal
from spaces.models import Tenant

SECRET_BYTES = 32


def account_secrets(tenant_id: uuid.UUID) -> tuple[str, str]:
    """The webhook secret and the challenge token of an account. Raises CannotOpen."""
    tenant = Tenant.objects.get(pk=tenant_id)
    if tenant.webhook_secret is None or tenant.challenge_token is None:
        tenant = _with_secrets(tenant_id)
    return (
        open_sealed(bytes(tenant.webhook_secret or b""), tenant.webhook_secret_key),
        open_sealed(bytes(tenant.challenge_token or b""), tenant.challenge_token_key),
    )


def rotate_webhook_secret(tenant_id: uuid.UUID) -> str:
    """A new secret; what is signed from now on is signed with it."""
    secret = _new_webhook_secret()
    sealed, key_id = seal(secret)
    Tenant.objects.filter(pk=tenant_id).update(webhook_secret=sealed, webhook_secret_key=key_id)
    return secret


def rotate_challenge_token(tenant_id: uuid.UUID) -> str:
    """A new challenge token in place of the old one."""
    token = secrets.token_urlsafe(SECRET_BYTES)
    sealed, key_id = seal(token)
    Tenant.objects.filter(pk=tenant_id).update(challenge_token=sealed, challenge_token_key=key_id)
    return token


def _with_secrets(tenant_id: uuid.UUID) -> Tenant:
    """The tenant with both, each made once however many ask at the same time."""
    with transaction.atomic():
        tenant = Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)
        if tenant.webhook_secret is None:
            tenant.webhook_secret, tenant.webhook_secret_key = seal(_new_webhook_secret())
        if tenant.challenge_token is None:
            token = secrets.token_urlsafe(SECRET_BYTES)
            tenant.challenge_token, tenant.challenge_token_key = seal(token)
        tenant.save(
            update_fields=["webhook_secret", "webhook_secret_key", "challenge_token", "challenge_token_key"]
        )
    return tenant


def _new_webhook_secret() -> str:
    """As Standard Webhooks writes it."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"
