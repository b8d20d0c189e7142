"""Static files of the admin, the API documents and the pages, served by the web process itself."""

from collections.abc import Awaitable, Callable
from typing import Any

from django.contrib.staticfiles import finders
from servestatic import ServeStaticASGI  # type: ignore[import-untyped]

MAX_AGE = 3600  # seconds that a browser may keep a file without asking

type Application = Callable[[Any, Any, Any], Awaitable[None]]


def with_static_files(application: Application, *, prefix: str) -> Application:
    """The application behind its static files.

    They are found where the apps have them: none has to be collected first.
    """
    served = ServeStaticASGI(application, max_age=MAX_AGE)
    for finder in finders.get_finders():
        for path, storage in finder.list([]):
            served.add_file_to_dictionary(f"{prefix}{path}", storage.path(path))
    return served  # type: ignore[no-any-return]
