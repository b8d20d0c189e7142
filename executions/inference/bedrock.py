"""A client of Bedrock for one request, with the choice's own credentials or else the worker's.

Decision: a choice with credentials of its own gets a session that reads nothing of the environment, neither
its variables nor its files nor the machine's metadata: all may name credentials, and addresses to send to.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader
from botocore.session import Session
from botocore.tokens import FrozenAuthToken
from botocore.utils import get_environ_proxies

from executions.inference.bedrock_session import BreakableSession
from executions.inference.choices import ModelChoice
from executions.inference.errors import ModelRefused

_SERVICE: Final = "bedrock-runtime"
# Each variable of a session as (name in files, name in the environment, default, conversion): defaults only.
_DEFAULTS_ONLY: Final = {
    **{name: (None, None, *rest) for name, (_, _, *rest) in Session.SESSION_VARIABLES.items()},
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
    "ignore_configured_endpoint_urls": (None, None, True, None),
    # Whom the deployment's network trusts is neither a credential nor an address.
    "ca_bundle": (None, "AWS_CA_BUNDLE", None, None),
}
# What the library knows of AWS takes a while to read, and is the same for everyone.
_LOADER: Final = Loader()


@contextmanager
def bedrock_client(choice: ModelChoice) -> Iterator[BaseClient]:
    """A client whose connections are broken at the end; raises ModelRefused for one that cannot be made."""
    if choice.headers:
        raise ModelRefused(f"the model {choice.name} is at bedrock, which takes no headers")
    try:
        session = _session(choice)
        client = session.create_client(
            _SERVICE, region_name=choice.region, endpoint_url=choice.base_url, config=_config(choice)
        )
    except (BotoCoreError, ValueError):
        raise ModelRefused(
            f"the model {choice.name} cannot be set up at bedrock: check its region and credentials"
        ) from None
    line = BreakableSession(
        timeout=(choice.connect_seconds, choice.silence_seconds),
        proxies=get_environ_proxies(client.meta.endpoint_url),
        verify=session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE") or True,
    )
    client.meta.events.register(f"before-send.{_SERVICE}", lambda request, **_: line.send(request))
    try:
        yield client
    finally:
        line.hang_up()
        client.close()


class _Held:
    """Gives the session what it would otherwise look for."""

    def __init__(self, choice: ModelChoice) -> None:
        self._choice = choice

    def load_credentials(self) -> Credentials | None:
        key = self._choice.aws_key
        if key is None:
            return None
        token = key.session_token and key.session_token.get_secret_value()
        return Credentials(
            key.access_key_id.get_secret_value(), key.secret_access_key.get_secret_value(), token
        )

    def load_token(self, **_: Any) -> FrozenAuthToken | None:
        return FrozenAuthToken(self._choice.api_key.get_secret_value()) if self._choice.api_key else None


def _session(choice: ModelChoice) -> Session:
    if _has_own(choice):
        session = Session(session_vars=_DEFAULTS_ONLY)
        held = _Held(choice)
        session.register_component("credential_provider", held)
        session.register_component("token_provider", held)
    else:
        session = Session()
    session.register_component("data_loader", _LOADER)
    return session


def _config(choice: ModelChoice) -> Config:
    """Asked once, since retries are the caller's; signed as its own credentials are, whatever else is set."""
    signed = {"signature_version": "bearer" if choice.api_key else "v4"} if _has_own(choice) else {}
    return Config(retries={"total_max_attempts": 1, "mode": "standard"}, **signed)


def _has_own(choice: ModelChoice) -> bool:
    return choice.api_key is not None or choice.aws_key is not None
