"""The account: `/account`."""

from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.accounts import AccountAccess
from objectives.access.permissions import MANAGE_ACCOUNT
from objectives.actions.accounts import account_secrets, rotate_challenge_token, rotate_webhook_secret
from objectives.api.describing import operation
from objectives.api.viewsets import AccountViewSet
from objectives.shapes.accounts import Account, AccountInfo, AccountSpec, NewChallengeToken, NewWebhookSecret
from objectives.shapes.metadata import AccountResourceMetadata
from objectives.shapes.workspaces import Workspace
from objectives.spelling import Prefix, spell
from spaces.models import Space, Tenant

TAG = "accounts"


class TheAccountViewSet(AccountViewSet):
    """The caller's account. Whoever has a key in it may read it; its secrets are for administrators."""

    writes = MANAGE_ACCOUNT

    @operation("getAccount", "Read the account", tag=TAG, answer=Account)
    def retrieve(self, request: Request) -> Response:
        access = AccountAccess(self.caller, self.tenant_id)
        tenant = Tenant.objects.get(pk=self.tenant_id)
        me = spell(Prefix.PROFILE, self.caller.principal.id)
        spaces = Space.objects.filter(pk__in=access.roles).order_by("created_at", "id")
        webhook, challenge = account_secrets(access=access) if access.manages_account() else ("", "")
        return self.answer(
            Account(
                metadata=AccountResourceMetadata(
                    id=spell(Prefix.ACCOUNT, tenant.id),
                    account_id=spell(Prefix.ACCOUNT, tenant.id),
                    name=tenant.name,
                    profile_id=me,
                    created_at=tenant.created_at,
                ),
                spec=AccountSpec(workspaces=[Workspace.of(space, None, profile_id=me) for space in spaces]),
                info=AccountInfo(webhook_events_hmac_secret=webhook, challenge_token=challenge),
            )
        )

    @operation("rotateChallengeToken", "Renew the challenge token", tag=TAG, answer=NewChallengeToken)
    def rotate_challenge(self, request: Request) -> Response:
        token = rotate_challenge_token(access=AccountAccess(self.caller, self.tenant_id))
        return self.answer(NewChallengeToken(challenge_token=token))

    @operation("rotateWebhookSigningKey", "Renew the webhook secret", tag=TAG, answer=NewWebhookSecret)
    def rotate_webhook(self, request: Request) -> Response:
        secret = rotate_webhook_secret(access=AccountAccess(self.caller, self.tenant_id))
        return self.answer(NewWebhookSecret(webhook_events_hmac_secret=secret))
