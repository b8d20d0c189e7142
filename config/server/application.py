"""The ASGI application, loaded whole; has no thread, event loop or connection yet, so it can be forked."""

import gc
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

# Below the setup: these read models and settings.
from django.conf import settings  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from config.server.requests import ApiHandler, PageHandler  # noqa: E402
from config.server.routing import route  # noqa: E402
from config.server.static_files import with_static_files  # noqa: E402
from config.server.wsgi_bridge import Bridge  # noqa: E402

application = route(
    api=Bridge(ApiHandler()), pages=with_static_files(PageHandler(), prefix=settings.STATIC_URL)
)

# What is here now stays. A full collection would look through all of it each time, which stops everything
# for 150 ms, and would write to every page that forked processes share.
get_resolver().url_patterns  # noqa: B018 - imports every view, which else the first request would
gc.collect()
gc.freeze()
