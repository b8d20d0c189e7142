"""From a model choice to the library's model, with clients and timeouts of our own.

Decision: a client lives for one request. The library's clients belong to one event loop, each
request has its own, and a handshake is nothing beside a model's answer.
"""

import inspect
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager

import httpx2
from django.conf import settings
from django.utils.module_loading import import_string
from pydantic_ai.models import Model, create_async_httpx2_client, infer_model
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers import Provider, infer_provider_class
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

from executions.inference.choices import DEMO, ModelChoice
from executions.inference.demo import demo_model
from executions.inference.errors import ModelRefused
from executions.inference.interface import ModelRequest
from executions.inference.media import KINDS, MediaKind

COMPATIBLE = "openai-compatible"


@asynccontextmanager
async def opened_model(choice: ModelChoice, request: ModelRequest) -> AsyncIterator[Model]:
    """The model that answers `request`, its connections closed afterwards.

    Raises ModelRefused for a provider that is unknown, not installed or not configured.
    """
    if choice.provider == DEMO:
        yield demo_model(request)
        return
    timeout = httpx2.Timeout(choice.silence_seconds, connect=choice.connect_seconds)
    guard = import_string(settings.GUARDED_TRANSPORT)() if choice.is_guarded else None
    async with create_async_httpx2_client(timeout=timeout, transport=guard) as client:
        if choice.headers:
            client.auth = OwnHeaders(choice)
        yield _provider_model(choice, client)


def accepted_media(choice: ModelChoice) -> frozenset[MediaKind]:
    """The kinds of media that a model takes; raises ModelRefused as `opened_model` does.

    The library takes every model behind an unknown address for one that hears: only the choice itself can
    say so of those. That it sees is believed, since a refusal is asked again without pictures.
    """
    if choice.media is not None:
        return choice.media
    if choice.provider == DEMO:
        return frozenset(KINDS)
    # Made to be looked at: nothing is ever sent with this client.
    unused = httpx2.AsyncClient(transport=httpx2.AsyncBaseTransport(), timeout=None)
    profile = _provider_model(choice, unused).profile
    takes: dict[MediaKind, bool] = {
        "image": profile.get("supports_image_input", False),
        "audio": profile.get("supports_audio_file_input", False) and choice.provider != COMPATIBLE,
    }
    return frozenset(kind for kind in KINDS if takes[kind])


class OwnHeaders(httpx2.Auth):
    """Puts a choice's headers on each request, after the library has written its own."""

    def __init__(self, choice: ModelChoice) -> None:
        self._headers = {name: value.get_secret_value() for name, value in choice.headers.items()}

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response]:
        request.headers.update(self._headers)
        yield request


def _provider_model(choice: ModelChoice, client: httpx2.AsyncClient) -> Model:
    if choice.provider == COMPATIBLE:
        if choice.base_url is None:
            raise ModelRefused(f"the model {choice.name} needs a base_url")
        provider = OpenAICompatibleProvider(
            COMPATIBLE,
            base_url=choice.base_url,
            api_key=_key(choice),
            http_client=client,
        )
        return OpenAIChatModel(choice.name, provider=provider)
    try:
        return infer_model(
            f"{choice.provider}:{choice.name}",
            provider_factory=lambda name: _provider(name, choice, client),
        )
    except ImportError:
        raise ModelRefused(f"the package for {choice.provider} is not installed") from None
    except (ValueError, RuntimeError, TypeError):
        # The library's own messages may quote settings.
        raise ModelRefused(
            f"the model {choice.name} cannot be set up at {choice.provider}: "
            "check its provider, base_url and api_key"
        ) from None


def _provider(name: str, choice: ModelChoice, client: httpx2.AsyncClient) -> Provider[object]:
    """The provider, given those of our settings that it takes."""
    provider_class = infer_provider_class(name)
    accepted = inspect.signature(provider_class).parameters
    offered = {"api_key": _key(choice), "base_url": choice.base_url, "http_client": client}
    return provider_class(
        **{key: value for key, value in offered.items() if key in accepted and value is not None}
    )


def _key(choice: ModelChoice) -> str | None:
    return choice.api_key.get_secret_value() if choice.api_key else None
