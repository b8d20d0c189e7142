"""The deployment's environment variables, typed and checked once."""

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretBytes, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.encryption_keys import read_keys

ROOT = Path(__file__).resolve().parent.parent
INSTALL_DIR = ROOT / ".callboard"  # what bootstrap.py installs beside the checkout's own .venv
LOCAL_DIR = Path(os.environ.get("CALLBOARD_DATA_DIR") or INSTALL_DIR).resolve()


class Environment(BaseSettings):
    """Every variable that Callboard reads; docs/reference.md lists them for operators.

    Lists are comma-separated. `ENCRYPTION_KEYS` is such a list of `id:key`, the newest first, each key 32
    bytes in base64. `MODELS` is JSON: an alias for each model, with its `provider`, `name`, `api_key` and,
    where it differs from the provider's own, `base_url`.
    """

    model_config = SettingsConfigDict(extra="ignore")

    callboard_local: Literal["", "demo", "test"] = ""
    database_url: SecretStr | None = None
    database_listen_url: SecretStr | None = None
    database_pool_size: int = Field(default=20, ge=1)
    secret_key: SecretStr | None = None
    secret_key_fallbacks: Annotated[list[str], NoDecode] = Field(default_factory=list)
    encryption_keys: Annotated[dict[str, SecretBytes], NoDecode] = Field(default_factory=dict)
    allowed_hosts: Annotated[list[str], NoDecode] = Field(default_factory=list)
    allowed_origins: Annotated[list[str], NoDecode] = Field(default_factory=list)
    trust_proxy: bool = False
    https_only: bool = True
    redis_url: SecretStr | None = None
    blob_dir: Path = LOCAL_DIR / "blobs"
    s3_bucket: str = ""
    s3_endpoint_url: str | None = None
    s3_region: str | None = None
    s3_signed_links: bool = False
    run_dir: Path = LOCAL_DIR / "runs"
    skill_python: Path = INSTALL_DIR / "skill-python"
    models: Annotated[dict[str, dict[str, Any]], NoDecode] = Field(default_factory=dict)
    default_model: str = "demo"
    default_budget_usd: Decimal | None = None
    otlp_endpoint: str = ""
    rate_limit: str = "18000/min"  # three quarters of what one web process answers
    private_tool_hosts: Annotated[list[str], NoDecode] = Field(default_factory=list)
    max_streams: int = Field(default=1000, ge=1)
    log_level: str = "INFO"
    event_retention_days: int = 90
    public_url: str = ""

    @field_validator(
        "secret_key_fallbacks", "allowed_hosts", "allowed_origins", "private_tool_hosts", mode="before"
    )
    @classmethod
    def _comma_separated(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("encryption_keys", mode="before")
    @classmethod
    def _keys(cls, value: object) -> object:
        return read_keys(value) if isinstance(value, str) else value

    @field_validator("models", mode="before")
    @classmethod
    def _json(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value.strip() else {}
        except ValueError:
            raise ValueError("is not JSON") from None  # without the text: it may hold keys

    @property
    def is_local(self) -> bool:
        """True for the demo and test commands, which set up everything themselves."""
        return self.callboard_local != ""


def shown_path(path: Path) -> str:
    """For people: from the project's folder on where the path is inside of it."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def read_what_is_sound() -> tuple[Environment, dict[str, str]]:
    """The environment with its unusable variables at their defaults, and by name what is wrong with each.

    Settings must load for the system checks to run, which then refuse to start and say why.
    """
    try:
        return Environment(), {}
    except ValidationError as error:
        wrong = {
            str(problem["loc"][0]): problem["msg"].removeprefix("Value error, ")
            for problem in error.errors(include_input=False)
        }
    fields = Environment.model_fields
    defaults = {name: fields[name].get_default(call_default_factory=True) for name in wrong}
    return Environment(**defaults), {name.upper(): message for name, message in wrong.items()}


def read_environment() -> Environment:
    """Read the process's environment; raises pydantic.ValidationError naming the variable."""
    return Environment()
