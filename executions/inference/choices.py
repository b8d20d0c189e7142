"""Which models exist: the aliases of the `MODELS` setting, typed and checked."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from django.conf import settings
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, ValidationError

DEMO = "demo"
"""The alias of the built-in model, which is always there and cannot be redefined."""

GEMINI: Final = "google"
VERTEX: Final = "google-cloud"
BEDROCK: Final = "bedrock"
"""The model library's names of providers that we know more about."""

NO_KEY: Final = "no-key-given"
"""In place of an API key where headers are the credential; no header that holds it is sent beside them."""


class ModelChoiceInvalid(ValueError):
    """The `MODELS` setting is not usable; the message names the alias and the field."""


class ModelUnknown(LookupError):
    """No model has this alias."""

    def __init__(self, alias: str) -> None:
        super().__init__(f"there is no model named {alias!r}")
        self.alias = alias


class ModelPrices(BaseModel):
    """US dollars for a million tokens; cached tokens cost as much as others where left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: Decimal = Field(ge=0)
    output: Decimal = Field(ge=0)
    cache_read: Decimal | None = Field(default=None, ge=0)
    cache_write: Decimal | None = Field(default=None, ge=0)


GivenSecret = Annotated[SecretStr, Field(min_length=1)]
"""Never empty: libraries take an empty credential for none, and look for one in the environment."""


class AwsKey(BaseModel):
    """An access key of AWS; a temporary one has a token."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    access_key_id: GivenSecret
    secret_access_key: GivenSecret
    session_token: GivenSecret | None = None


class ModelChoice(BaseModel):
    """One model at one provider.

    `provider` is `openai-compatible` (needs `base_url`), `openai`, `anthropic`, `google` (Gemini),
    `google-cloud` (Vertex AI), `bedrock`, or another name that the model library knows and whose package is
    installed. `name` is the provider's name of the model. `project` is of Vertex AI, `region` of Bedrock and
    of Vertex AI, where it is called location. `service_account` is a Google service account's JSON document.
    Where neither it nor `api_key` nor `aws_key` is given, the library takes what it needs from the worker's
    environment. `headers` go with every request, over those that the library writes. `prices` override the
    price list. `settings` are the model library's, for every request. `silence_seconds` is the longest wait
    for the next piece of an answer, `request_seconds` the longest request. `media` are the kinds of files
    that the model takes; None leaves it to what the model library knows of it. A choice that `is_guarded`
    reaches public addresses only, and those that the deployment lists. `key_id` is the workspace's provider
    key that it is made of, None for the deployment's own. Until `not_before` the provider does not want to be
    asked with its credential.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str = Field(min_length=1)
    name: str = Field(min_length=1)
    base_url: str | None = None
    api_key: GivenSecret | None = None
    service_account: GivenSecret | None = None
    aws_key: AwsKey | None = None
    # Both become parts of an address.
    project: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9.:-]{4,92}[a-z0-9]$")
    region: str | None = Field(default=None, pattern=r"^[a-z]+(-[a-z]+)*-?[0-9]{0,2}$", max_length=40)
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    prices: ModelPrices | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    connect_seconds: float = Field(default=5.0, gt=0)
    silence_seconds: float = Field(default=120.0, gt=0)
    request_seconds: float = Field(default=600.0, gt=0)
    media: frozenset[Literal["image", "audio"]] | None = None
    is_guarded: bool = False
    key_id: UUID | None = None
    not_before: AwareDatetime | None = None


DEMO_CHOICE = ModelChoice(provider=DEMO, name=DEMO)


def read_choices(models: Mapping[str, Any]) -> dict[str, ModelChoice]:
    """Check the value of the `MODELS` setting; raises ModelChoiceInvalid without showing a key."""
    choices = {DEMO: DEMO_CHOICE}
    for alias, fields in models.items():
        if alias == DEMO:
            raise ModelChoiceInvalid(f"MODELS: {DEMO!r} is the built-in model's alias")
        try:
            choices[alias] = ModelChoice.model_validate(fields)
        except ValidationError as invalid:
            first = invalid.errors(include_input=False, include_url=False)[0]
            field = ".".join(map(str, first["loc"])) or "value"
            raise ModelChoiceInvalid(f"MODELS: {alias}: {field}: {first['msg']}") from None
        if choices[alias].provider == DEMO:
            raise ModelChoiceInvalid(f"MODELS: {alias}: provider: {DEMO!r} is built in")
    return choices


def model_aliases() -> list[str]:
    """Every alias that may be asked for, `demo` first; raises ModelChoiceInvalid."""
    return list(read_choices(settings.MODELS))


def find_choice(alias: str | None) -> ModelChoice:
    """The model of an alias, or the default one for None; raises ModelUnknown."""
    alias = alias or settings.DEFAULT_MODEL
    choices = read_choices(settings.MODELS)
    if alias not in choices:
        raise ModelUnknown(alias)
    return choices[alias]
