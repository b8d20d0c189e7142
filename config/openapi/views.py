"""Where the OpenAPI document is served, and the pages to read it and to try it.

Decision: the page that people read is our own, made on the server. The libraries for such pages draw it in
the browser, from megabytes of script: either only what is on the screen, so that a browser's own search finds
nothing, or with inline styles, which our policy forbids. Requests are tried in Swagger UI.
"""

from functools import lru_cache
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.csp import CSP, build_policy
from django.utils.safestring import SafeString
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.views import SpectacularSwaggerSplitView

from config.openapi.reference import reference
from config.web.content_security import page_policy


@require_safe
def as_json(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(_document_as_json(), content_type="application/json")


@require_safe
def as_yaml(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(_document_as_yaml(), content_type="application/yaml")


@gzip_page
@require_safe
def as_page(request: HttpRequest) -> HttpResponse:
    response = render(request, "pages/docs.html", {"reference": _document_as_html()})
    response[CSP.HEADER_ENFORCE] = build_policy(page_policy(request.get_host()))
    return response


def document() -> dict[str, Any]:
    """The OpenAPI document, made from the views now; raises what its generator raises."""
    made: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return made


@lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    # Made once a process: it takes most of a second and is the same for everybody.
    return document()


@lru_cache(maxsize=1)
def _document_as_json() -> bytes:
    return orjson.dumps(_document())


@lru_cache(maxsize=1)
def _document_as_yaml() -> bytes:
    written: bytes = OpenApiYamlRenderer().render(_document())  # type: ignore[no-untyped-call]
    return written


@lru_cache(maxsize=1)
def _document_as_html() -> SafeString:
    return render_to_string("pages/docs/reference.html", {"reference": reference(_document())})


urlpatterns: list[URLPattern] = [
    path("v1/openapi.json", as_json, name="openapi"),
    path("v1/openapi.yaml", as_yaml, name="openapi-yaml"),
    path("docs", as_page, name="docs"),
    path("docs/try", SpectacularSwaggerSplitView.as_view(url_name="openapi"), name="docs-try"),
]
