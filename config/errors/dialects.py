"""What an error looks like at a path of either API, also where no view has been reached."""

from typing import Any

from config.paths import api_path

# By the HTTP status that the space API answers with: (code of google.rpc, HTTP status).
BY_STATUS: dict[int, tuple[int, int]] = {
    400: (3, 400),
    401: (16, 401),
    403: (7, 403),
    404: (5, 404),
    405: (12, 501),
    406: (3, 400),
    409: (6, 409),
    413: (3, 400),
    415: (3, 400),
    422: (3, 400),
    429: (8, 429),
    501: (12, 501),
    503: (14, 503),
}
BUG = 13  # the code of google.rpc for whatever else


def refusal(path: str, status: int, detail: str) -> tuple[int, dict[str, Any]] | None:
    """HTTP status and body of an error in the form of the path's API; None where no API is."""
    named = api_path(path)
    if named is None:
        return None
    if not named["workspace_api"]:
        return status, {"detail": detail}
    code, status = BY_STATUS.get(status, (BUG, status))
    return status, status_body(code, detail)


def status_body(code: int, message: str) -> dict[str, Any]:
    """A `google.rpc.Status` without details."""
    return {"code": code, "message": message, "details": []}
