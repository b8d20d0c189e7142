"""Language models, and the provider keys through which they are reached."""

from typing import ClassVar

from django.db import models

from objectives.models.resource import Resource, external_id_once, newest_in_space
from objectives.models.sealedvalue import SealedValue


class Provider(models.TextChoices):
    BUILT_IN = "built_in", "Callboard"  # the deployment's own models, the demo model among them
    OPENROUTER = "openrouter", "OpenRouter"
    OPENAI = "openai", "OpenAI"
    ANTHROPIC = "anthropic", "Anthropic"
    GEMINI = "gemini", "Gemini"
    OPENAI_COMPATIBLE = "openai_compatible", "OpenAI-compatible"
    VERTEX = "vertex", "Vertex AI"
    BEDROCK = "bedrock", "Bedrock"


class ModelState(models.TextChoices):
    ENABLED = "enabled", "Enabled"  # may be chosen
    DISABLED = "disabled", "Disabled"  # nothing new may choose it


class ProviderKey(Resource, SealedValue):
    """Credentials at one provider; those of `BUILT_IN` are the deployment's and cannot be changed.

    `credential_kind` and `credential_fields` say what was given, never its value; `config` is the
    provider's part as the API writes it, with its `type`.
    """

    provider = models.CharField(max_length=20, choices=Provider)
    config = models.JSONField(null=True, blank=True)
    credential_kind = models.CharField(max_length=30, blank=True, default="")
    credential_fields = models.JSONField(default=list, blank=True)

    class Meta:
        constraints: ClassVar = [external_id_once("provider_key")]
        indexes: ClassVar = [newest_in_space("providerkey")]


class ProviderPause(models.Model):
    """Until when a provider does not want to be asked with a credential, as it told somebody who did.

    `credential` is what `identity_of` makes of it; `key_id` is of the provider key, None for the deployment's
    own. No foreign key: whoever writes it locks nothing but this row.
    """

    credential = models.CharField(max_length=64, primary_key=True)
    key_id = models.UUIDField(null=True)
    until = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            # Those that somebody's choice of a model must know.
            models.Index(fields=["key_id", "until"], name="provider_pause_by_key"),
        ]

    def __str__(self) -> str:
        return f"{self.credential[:8]} until {self.until:%Y-%m-%d %H:%M:%S}"


class LanguageModel(Resource):
    """One model at one provider; prices are US cents for a million tokens."""

    provider_key = models.ForeignKey(
        ProviderKey, on_delete=models.CASCADE, related_name="models", db_index=False
    )
    state = models.CharField(max_length=10, choices=ModelState, default=ModelState.ENABLED)
    provider_model_id = models.CharField(max_length=255)
    family = models.CharField(max_length=100, blank=True, default="")
    max_input_tokens = models.PositiveIntegerField(default=0)
    max_output_tokens = models.PositiveIntegerField(default=0)
    input_price = models.BigIntegerField(default=0)
    output_price = models.BigIntegerField(default=0)
    cached_input_price = models.BigIntegerField(default=0)
    price_override = models.JSONField(null=True, blank=True)
    capabilities = models.JSONField(default=list, blank=True)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints: ClassVar = [external_id_once("model", "provider_key")]
        indexes: ClassVar = [
            newest_in_space("model"),
            models.Index(fields=["provider_key", "created_at", "id"], name="model_by_key"),
        ]
