"""The model library's providers of Google, given a TLS context; imported by name, since they are heavy.

Google's client makes two contexts, one for a client of its own that is not used here and one for websockets,
unless it is told what to take.
"""

import ssl
from typing import Any, override

import httpx2
from google.auth.credentials import Credentials
from google.genai.types import HttpOptions
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.google_cloud import GoogleCloudProvider


class GeminiProvider(GoogleProvider):
    """Gemini's own API."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext,
        http_client: httpx2.AsyncClient,
        api_key: str | None = None,
        base_url: str | None = None,
    ) -> None:
        self._tls = tls
        super().__init__(api_key=api_key, http_client=http_client, base_url=base_url)

    @override
    def _build_http_options(self, **given: Any) -> HttpOptions:
        return _with(self._tls, super()._build_http_options(**given))


class VertexProvider(GoogleCloudProvider):
    """Vertex AI."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext,
        http_client: httpx2.AsyncClient,
        api_key: str | None = None,
        credentials: Credentials | None = None,
        project: str | None = None,
        location: str | None = None,
        base_url: str | None = None,
    ) -> None:
        self._tls = tls
        super().__init__(
            api_key=api_key,
            credentials=credentials,
            project=project,
            location=location,
            http_client=http_client,
            base_url=base_url,
        )

    @override
    def _build_http_options(self, **given: Any) -> HttpOptions:
        return _with(self._tls, super()._build_http_options(**given))


def _with(tls: ssl.SSLContext, options: HttpOptions) -> HttpOptions:
    options.client_args = {"verify": tls}
    options.async_client_args = {"verify": tls, "ssl": tls}
    return options
