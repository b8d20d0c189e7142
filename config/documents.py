"""Where the OpenAPI document is served, and a page to browse it."""

from functools import lru_cache
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.views import SpectacularSwaggerSplitView


@require_safe
def as_json(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(_document_as_json(), content_type="application/json")


@require_safe
def as_yaml(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(_document_as_yaml(), content_type="application/yaml")


def document() -> dict[str, Any]:
    """The OpenAPI document, made from the views now; raises what its generator raises."""
    made: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return made


@lru_cache(maxsize=1)
def _document_as_json() -> bytes:
    # Made once a process: it takes most of a second and is the same for everybody.
    return orjson.dumps(document())


@lru_cache(maxsize=1)
def _document_as_yaml() -> bytes:
    written: bytes = OpenApiYamlRenderer().render(document())  # type: ignore[no-untyped-call]
    return written


urlpatterns: list[URLPattern] = [
    path("v1/openapi.json", as_json, name="openapi"),
    path("v1/openapi.yaml", as_yaml),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="openapi"), name="docs"),
]
