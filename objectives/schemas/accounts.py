"""The account: who pays, and the secrets that its webhooks are signed with."""

from objectives.schemas.metadata import AccountResourceMetadata
from objectives.schemas.shape import Shape
from objectives.schemas.workspaces import Workspace


class AccountSpec(Shape):
    """What is said of an account."""

    description: str = ""
    """A sentence."""
    domain: str = ""
    """Its domain."""
    billing_email: str = ""
    """Where bills go."""
    workspaces: list[Workspace]
    """The workspaces that the caller reaches."""


class AccountInfo(Shape):
    """The account's secrets, for keys with `account:manage` only: "" for others."""

    webhook_events_hmac_secret: str
    """What webhooks are signed with: `whsec_` and base64."""
    challenge_token: str
    """What the account proves itself by."""


class Account(Shape):
    """An account."""

    metadata: AccountResourceMetadata
    """Identity."""
    spec: AccountSpec
    """What is said of it."""
    info: AccountInfo
    """Its secrets."""


class NewChallengeToken(Shape):
    """A challenge token that has taken the place of the one before."""

    challenge_token: str
    """The token."""


class NewWebhookSecret(Shape):
    """A webhook secret that has taken the place of the one before."""

    webhook_events_hmac_secret: str
    """The secret: `whsec_` and base64."""
