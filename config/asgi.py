"""The ASGI application: what any ASGI server is pointed at."""

import gc
import os
import threading

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

# Below the setup: these read models and settings.
from django.conf import settings  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from config.bridge import Bridge  # noqa: E402
from config.requests import ApiHandler, PageHandler  # noqa: E402
from config.routing import route  # noqa: E402
from config.static import with_static_files  # noqa: E402
from executions.worker.sweeper import sweep_forever  # noqa: E402

application = route(
    api=Bridge(ApiHandler()), pages=with_static_files(PageHandler(), prefix=settings.STATIC_URL)
)

# What is here now stays. A full collection would look through all of it each time, which stops everything
# for 150 ms.
get_resolver().url_patterns  # noqa: B018 - imports every view, which else the first request would
gc.collect()
gc.freeze()

# Web processes look after neglected runs too: where the only worker is gone, somebody must say so.
threading.Thread(target=sweep_forever, args=[threading.Event()], name="sweeper", daemon=True).start()
