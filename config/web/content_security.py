"""Content-Security-Policies: what a page may load, run and connect to."""

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponseBase
from django.utils.csp import CSP, build_policy
from django.utils.deprecation import MiddlewareMixin

from spaces.blobs import signed_link

type Policy = dict[str, list[str]]

ADMIN = "/admin/"
_ANY_BLOB = "0" * 64
_HEADERS = {"Content-Type": "image/png", "Content-Disposition": "inline"}


def page_policy(host: str) -> Policy:
    """Of the public pages: our own files, our own API, our own socket."""
    # Some browsers do not count a socket of the same host as `self`.
    return {**_strict(), "connect-src": [CSP.SELF, f"ws://{host}", f"wss://{host}"]}


def admin_policy() -> Policy:
    """Of the admin: as strict as the library that draws it allows.

    Alpine, which its pages are built with, makes functions of the expressions in their attributes, which
    is what 'unsafe-eval' is about; a script that somebody writes into a page does not run. Its colours and
    those of its widgets are inline styles.
    """
    return {
        **_strict(),
        "script-src": [CSP.SELF, CSP.UNSAFE_EVAL],
        "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
        "font-src": [CSP.SELF],
        "media-src": [CSP.SELF, *_bucket()],
    }


class AdminPolicyMiddleware(MiddlewareMixin):
    """Gives every page of the admin its policy.

    Django's own middleware would give one to every answer of the API too, which are no pages.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if request.path.startswith(ADMIN):
            response.headers.setdefault(CSP.HEADER_ENFORCE, build_policy(admin_policy()))
        return response


def _strict() -> Policy:
    return {
        "default-src": [CSP.NONE],
        "script-src": [CSP.SELF],
        "style-src": [CSP.SELF],
        "img-src": [CSP.SELF, *_bucket()],
        "connect-src": [CSP.SELF],
        "base-uri": [CSP.NONE],
        "form-action": [CSP.SELF],
        "frame-ancestors": [CSP.NONE],
    }


def _bucket() -> list[str]:
    """Where pictures really come from, if their links are answered with a redirect to a bucket."""
    link = signed_link(_ANY_BLOB, _HEADERS)
    if link is None:
        return []
    address = urlsplit(link)
    return [f"{address.scheme}://{address.netloc}"]
