"""What of the log of requests is worth an operator's time."""

import logging
from http import HTTPStatus


class OnlyWhatIsBuilt(logging.Filter):
    """Lets nothing through about answers that say: this is not built."""

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(record, "status_code", None) != HTTPStatus.NOT_IMPLEMENTED
