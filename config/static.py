"""Static files of the admin, the API documents and the pages, served by the web process itself."""

from typing import Any

from django.contrib.staticfiles import finders
from servestatic import ServeStaticASGI

MAX_AGE = 3600  # seconds that a browser may keep a file without asking


class StaticFiles(ServeStaticASGI):
    """In front of the application. Files are found where the apps have them: nothing is to be collected first."""

    def __init__(self, application: Any, *, prefix: str) -> None:
        super().__init__(application, max_age=MAX_AGE)
        for finder in finders.get_finders():
            for path, storage in finder.list([]):
                self.add_file_to_dictionary(f"{prefix}{path}", storage.path(path))
