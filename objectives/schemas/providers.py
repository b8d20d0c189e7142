"""Provider keys: through which credentials the models of a provider are reached."""

import uuid
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, SecretStr

from objectives.ids import Prefix
from objectives.models import Provider, ProviderKey
from objectives.schemas.metadata import NewResource, ResourceMetadata
from objectives.schemas.oneof import OneOf
from objectives.schemas.shape import Shape

MOST_CHARACTERS = 65_536  # of one part of a credential
MOST_HEADERS = 32


def _set_or_none(given: Any) -> Any:
    """Clients write `{}` for a union that is not set."""
    return None if given == {} else given


SecretText = Annotated[SecretStr, Field(min_length=1, max_length=MOST_CHARACTERS)]
Text = Annotated[str, Field(max_length=2000)]


class ApiKeyCredential(Shape):
    """One key, sent as the provider wants it."""

    api_key: SecretText | None = None
    """The key."""


class HeadersCredential(Shape):
    """Headers that go with every request."""

    headers: dict[str, SecretText] | None = Field(default=None, max_length=MOST_HEADERS)
    """Their values by name."""


class GoogleServiceAccount(Shape):
    """A service account of Google's."""

    document: SecretText | None = Field(default=None, alias="json")
    """Its JSON document, as text; it signs by itself, and no address in it is ever asked."""


class AwsAccessKey(Shape):
    """An access key of AWS."""

    access_key_id: SecretText | None = None
    """Its id."""
    secret_access_key: SecretText | None = None
    """Its secret."""
    session_token: SecretText | None = None
    """The token of a temporary one."""


class Credential(OneOf):
    """How a provider knows us: `type` names the one other key. It is written and never read back."""

    api_key: ApiKeyCredential | None = None
    """One key."""
    headers: HeadersCredential | None = None
    """Headers of one's own."""
    google_service_account: GoogleServiceAccount | None = None
    """For Vertex AI."""
    aws_access_key: AwsAccessKey | None = None
    """For Bedrock."""


class OpenRouterConfig(Shape):
    """Settings at OpenRouter."""

    region: Text | None = None
    """Where requests are handled."""


class OpenAIConfig(Shape):
    """Settings at OpenAI."""

    organization_id: Text | None = None
    """The organization that pays."""
    project_id: Text | None = None
    """The project that pays."""


class OpenAICompatibleConfig(Shape):
    """A service that speaks OpenAI's chat completions API."""

    base_url: Text
    """Its address, `https://…/v1`."""


class VertexConfig(Shape):
    """Settings at Vertex AI."""

    project_id: Text | None = None
    """The Google Cloud project; without it, the service account's own."""
    location: Text | None = None
    """Its location, such as `europe-west4`; without it `global`, where alone an API key is taken."""


class BedrockConfig(Shape):
    """Settings at Bedrock."""

    region: Text | None = None
    """The AWS region, such as `eu-central-1`; without it no model can be asked."""


class ProviderConfig(OneOf):
    """What a provider needs beside a credential: `type` names the one other key."""

    openrouter: OpenRouterConfig | None = None
    """Of OpenRouter."""
    openai: OpenAIConfig | None = None
    """Of OpenAI."""
    openai_compatible: OpenAICompatibleConfig | None = None
    """Of a service that speaks like OpenAI; such a key needs it."""
    vertex: VertexConfig | None = None
    """Of Vertex AI."""
    bedrock: BedrockConfig | None = None
    """Of Bedrock."""


class ProviderKeyChanges(Shape):
    """What is written of a provider key."""

    provider: str | None = None
    """`AI_PROVIDER_OPENAI` and so on; it never changes."""
    credentials: Annotated[Credential | None, BeforeValidator(_set_or_none)] = None
    """The whole credential: it replaces the one that is kept."""
    config: Annotated[ProviderConfig | None, BeforeValidator(_set_or_none)] = None
    """What the provider needs beside it."""


class CredentialPatch(Shape):
    """A change of parts of the credential that is kept."""

    credentials: Annotated[Credential | None, BeforeValidator(_set_or_none)] = None
    """Parts to set; others of the same type stay. Another type replaces everything and must be whole."""
    clear_fields: list[str] = Field(default_factory=list, max_length=MOST_HEADERS)
    """Parts to remove: `sessionToken`, or a header's name."""


class NewProviderKey(Shape):
    """A provider key to be kept."""

    metadata: NewResource
    """Its identity."""
    spec: ProviderKeyChanges
    """Which provider, and how it knows us."""


class CredentialField(Shape):
    """One part of a credential, without its value."""

    name: str
    """What it is called."""
    sensitive: bool = True
    """Whether its value is secret: every value is taken to be."""
    configured: bool
    """Whether there is a value."""


class CredentialStatus(Shape):
    """What is kept of a credential, without any value."""

    type: str
    """Its type, "" for none."""
    fields: list[CredentialField]
    """Its parts."""


class ProviderKeySpec(Shape):
    """A provider and its settings; the credential is never shown."""

    provider: str | None = None
    """`AI_PROVIDER_OPENAI` and so on; left out for the deployment's own models."""
    config: ProviderConfig | None = None
    """What the provider needs beside a credential."""


class ProviderKeyInfo(Shape):
    """What is known about a provider key."""

    enabled_model_count: int
    """Its models that may be chosen."""
    disabled_model_count: int
    """Its other models."""
    is_promotional: bool
    """Whether it is the deployment's own, which cannot be changed."""
    model_management: str
    """`MODEL_MANAGEMENT_MANUAL`, or `MODEL_MANAGEMENT_CADENYA` for the deployment's own."""
    credential_status: CredentialStatus
    """What is kept of the credential."""


class ProviderKeySchema(Shape):
    """Credentials at a provider of models, without the credentials."""

    metadata: ResourceMetadata
    """Identity."""
    spec: ProviderKeySpec
    """The provider."""
    info: ProviderKeyInfo | None = None
    """What is known about it; in lists only with `includeInfo`."""

    @classmethod
    def of(cls, row: ProviderKey, info: ProviderKeyInfo | None, *, tenant_id: uuid.UUID) -> Self:
        is_ours = row.provider == Provider.BUILT_IN
        return cls(
            metadata=ResourceMetadata.of(row, Prefix.PROVIDER_KEY, tenant_id=tenant_id),
            spec=ProviderKeySpec(
                provider=None if is_ours else f"AI_PROVIDER_{row.provider.upper()}", config=row.config
            ),
            info=info,
        )
