"""The ASGI application: what any ASGI server is pointed at."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

# Below the setup: these read models and settings.
from django.conf import settings  # noqa: E402
from django.core.handlers.asgi import ASGIHandler  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402

from config.bridge import BODY_BYTES, UPLOAD_BYTES, Bridge  # noqa: E402
from config.routing import UPLOADS, route  # noqa: E402
from config.static import StaticFiles  # noqa: E402


def _body_bytes(path: str) -> int:
    return UPLOAD_BYTES if UPLOADS.fullmatch(path) else BODY_BYTES


application = StaticFiles(
    route(api=Bridge(WSGIHandler(), body_bytes=_body_bytes), pages=ASGIHandler()), prefix=settings.STATIC_URL
)
