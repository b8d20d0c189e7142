"""The account: `/account`."""

from rest_framework.request import Request
from rest_framework.response import Response

from objectives.access.accounts import AccountAccess
from objectives.access.permissions import MANAGE_ACCOUNT
from objectives.actions.accounts import account_secrets, rotate_challenge_token, rotate_webhook_secret
from objectives.api.examples import ACCOUNT
from objectives.api.viewsets import AccountViewSet
from objectives.ids import Prefix, spell
from objectives.schemas.accounts import Account, AccountInfo, AccountSpec, NewChallengeToken, NewWebhookSecret
from objectives.schemas.metadata import AccountResourceMetadata
from objectives.schemas.workspaces import Workspace
from spaces.api.operations import operation
from spaces.api.permissions import Needs
from spaces.models import Space, Tenant

TAG = "accounts"


class TheAccountViewSet(AccountViewSet):
    """The caller's account. Whoever has a key in it may read it; its secrets are for administrators."""

    permission_classes = (Needs.by_action(write=MANAGE_ACCOUNT),)

    @operation(
        "getAccount",
        "Read the account",
        tag=TAG,
        answer=Account,
        examples={"answer": ACCOUNT},
    )
    def retrieve(self, request: Request) -> Response:
        """The account that the key belongs to, with the workspaces which the caller reaches in it.

        Its webhook secret and challenge token are shown to administrators only; to others they are "".
        """
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

    @operation(
        "rotateChallengeToken",
        "Renew the challenge token",
        tag=TAG,
        answer=NewChallengeToken,
    )
    def rotate_challenge_token(self, request: Request) -> Response:
        """Makes a new challenge token in place of the old one, which is worth nothing from this moment on.

        Only an administrator may do this: somebody who is an admin of at least one workspace.
        """
        token = rotate_challenge_token(access=AccountAccess(self.caller, self.tenant_id))
        return self.answer(NewChallengeToken(challenge_token=token))

    @operation(
        "rotateWebhookSigningKey",
        "Renew the webhook secret",
        tag=TAG,
        answer=NewWebhookSecret,
    )
    def rotate_webhook_signing_key(self, request: Request) -> Response:
        """Makes a new secret, with which everything is signed that is sent to webhooks from now on.

        Only an administrator may do this. Receivers must be given the new secret: the old one is forgotten at
        once.
        """
        secret = rotate_webhook_secret(access=AccountAccess(self.caller, self.tenant_id))
        return self.answer(NewWebhookSecret(webhook_events_hmac_secret=secret))
