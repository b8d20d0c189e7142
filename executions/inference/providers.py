"""From a model choice to the library's model, which asks by a client of our own.

Where clients are kept (in a worker's event loop), a choice's is there for all who ask as the same one.
"""

import inspect
import re
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import partial
from typing import Any, Final

import httpx2
from anyio.to_thread import run_sync
from django.utils.module_loading import import_string
from pydantic_ai.models import Model, infer_model, infer_model_profile
from pydantic_ai.profiles import DEFAULT_PROFILE, ModelProfile, merge_profile
from pydantic_ai.providers import Provider, infer_provider_class
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

from executions.inference.bedrock import bedrock_client
from executions.inference.chat_models import ChatModel, RouterModel
from executions.inference.choices import BEDROCK, DEMO, GEMINI, VERTEX, ModelChoice
from executions.inference.credentials import identity_of
from executions.inference.demo import demo_model
from executions.inference.errors import ModelRefused
from executions.inference.google_cloud import service_account_credentials
from executions.inference.http_clients import model_client
from executions.inference.interface import ModelRequest
from executions.inference.kept_clients import kept_clients
from executions.inference.media import KINDS, MediaKind
from executions.inference.tls import tls_context

COMPATIBLE = "openai-compatible"
MODEL_SECONDS = 1800.0  # that a model is used: a token that a service account signs holds for an hour
MOST_MODELS = 32  # of one client
_GOOGLE: Final = {
    GEMINI: "executions.inference.google_providers.GeminiProvider",
    VERTEX: "executions.inference.google_providers.VertexProvider",
}
_CHAT_MODELS: Final = {COMPATIBLE: ChatModel, "openrouter": RouterModel}
# At Google a name becomes a part of the address, and its client fails at others in ways of its own.
_GOOGLE_NAME: Final = re.compile(r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._@:/-]{0,500}")


@asynccontextmanager
async def opened_model(choice: ModelChoice, request: ModelRequest) -> AsyncIterator[Model]:
    """The model that answers `request`; its connections are closed afterwards, unless clients are kept.

    Raises ModelRefused for a provider that is unknown, not installed or not configured.
    """
    if choice.provider == DEMO:
        yield demo_model(request)
    elif choice.provider == BEDROCK:
        async with AsyncExitStack() as stack:
            # What AWS's library knows of itself is read from files.
            bedrock = await run_sync(partial(stack.enter_context, bedrock_client(choice)))
            yield await _made(choice, lambda name: _of_class(name, bedrock_client=bedrock))
    elif (kept := kept_clients()) is not None:
        key = identity_of(choice), choice.connect_seconds, choice.silence_seconds
        async with kept.lent(key, partial(_Asker, choice), owner=choice.key_id) as asker:
            yield await asker.model(choice)
    else:
        async with aclosing(_Asker(choice)) as asker:
            yield await asker.model(choice)


class _Asker:
    """One client and the models that are asked by it: all of one credential."""

    def __init__(self, choice: ModelChoice) -> None:
        self._tls = tls_context()
        self._client = model_client(choice, self._tls)
        self._models: dict[str, tuple[float, Model]] = {}

    async def model(self, choice: ModelChoice) -> Model:
        """The model of a choice of this credential."""
        made_at, known = self._models.get(choice.name, (0.0, None))
        if known is not None and time.monotonic() - made_at < MODEL_SECONDS:
            return known
        model = await _made(choice, lambda name: _provider(name, choice, self._client, self._tls))
        if len(self._models) >= MOST_MODELS:
            self._models.clear()
        self._models[choice.name] = time.monotonic(), model
        return model

    async def aclose(self) -> None:
        await self._client.aclose()


def accepted_media(choice: ModelChoice) -> frozenset[MediaKind]:
    """The kinds of media that a model takes; raises ModelRefused as `opened_model` does.

    The library takes every model behind an unknown address for one that hears: only the choice itself can
    say so of those. That it sees is believed, since a refusal is asked again without pictures.
    """
    if choice.media is not None:
        return choice.media
    if choice.provider == DEMO:
        return frozenset(KINDS)
    profile = _profile(choice)
    takes: dict[MediaKind, bool] = {
        "image": profile.get("supports_image_input", False),
        "audio": profile.get("supports_audio_file_input", False)
        and choice.provider not in {COMPATIBLE, BEDROCK},
    }
    return frozenset(kind for kind in KINDS if takes[kind])


async def _made(choice: ModelChoice, provider: Callable[[str], Provider[Any]]) -> Model:
    """The model; made in a thread, so that a stop is heard while a library loads, which may take seconds."""
    return await run_sync(partial(_model, choice, provider), abandon_on_cancel=True)


def _model(choice: ModelChoice, provider: Callable[[str], Provider[Any]]) -> Model:
    if choice.provider in {GEMINI, VERTEX} and not _GOOGLE_NAME.fullmatch(choice.name):
        raise ModelRefused(f"{choice.name!r} is not the name of a model at Google")
    try:
        if model_class := _CHAT_MODELS.get(choice.provider):
            return model_class(choice.name, provider=provider(choice.provider))
        return infer_model(f"{choice.provider}:{choice.name}", provider_factory=provider)
    except ImportError:
        raise ModelRefused(f"the package for {choice.provider} is not installed") from None
    except (ValueError, RuntimeError, TypeError):
        # The library's own messages may quote settings.
        raise ModelRefused(
            f"the model {choice.name} cannot be set up at {choice.provider}: "
            "check its provider, base_url and api_key"
        ) from None


def _profile(choice: ModelChoice) -> ModelProfile:
    """What the library knows of a model; Bedrock's own lack of sounds is not in it."""
    if choice.provider in {GEMINI, VERTEX, BEDROCK}:
        # The name says it all, while their clients take long to make.
        return merge_profile(DEFAULT_PROFILE, infer_model_profile(f"{choice.provider}:{choice.name}"))
    # Made to be looked at: nothing is ever sent with this client.
    tls = tls_context()
    unused = httpx2.AsyncClient(transport=httpx2.AsyncBaseTransport(), timeout=None)
    return _model(choice, lambda name: _provider(name, choice, unused, tls)).profile


def _provider(
    name: str, choice: ModelChoice, client: httpx2.AsyncClient, tls: ssl.SSLContext
) -> Provider[Any]:
    """The provider of a choice, which sends by our client."""
    if name == COMPATIBLE:
        if choice.base_url is None:
            raise ModelRefused(f"the model {choice.name} needs a base_url")
        return OpenAICompatibleProvider(
            COMPATIBLE, base_url=choice.base_url, api_key=_key(choice), http_client=client
        )
    account = choice.service_account
    if name == VERTEX and choice.api_key and (choice.project or choice.region):
        # The library would let go of the key and take what the worker's environment has.
        raise ModelRefused(f"the model {choice.name} has an API key: it goes without project and region")
    return _of_class(
        name,
        api_key=_key(choice),
        credentials=None if account is None else service_account_credentials(account),
        project=choice.project,
        location=choice.region,
        base_url=choice.base_url,
        http_client=client,
        tls=tls,
    )


def _of_class(name: str, **offered: Any) -> Provider[Any]:
    """A provider of the library, given what there is of what it takes."""
    provider_class = import_string(_GOOGLE[name]) if name in _GOOGLE else infer_provider_class(name)
    accepted = inspect.signature(provider_class).parameters
    return provider_class(
        **{key: value for key, value in offered.items() if key in accepted and value is not None}
    )


def _key(choice: ModelChoice) -> str | None:
    return None if choice.api_key is None else choice.api_key.get_secret_value()
