"""Errors of the workspace API: `google.rpc.Status`, from the same table as everywhere else."""

from typing import Any

from rest_framework.response import Response

from config.errors.dialects import BUG, BY_STATUS, status_body
from config.errors.handler import exception_handler, problems_of
from spaces.errors import AlreadyExists, Invalid, NotReady, TooLarge, Unimplemented

# What the HTTP status alone cannot tell: (code of google.rpc, HTTP status).
CODES: dict[type[Exception], tuple[int, int]] = {
    NotReady: (9, 400),
    AlreadyExists: (6, 409),
    Unimplemented: (12, 501),
    Invalid: (3, 400),
    TooLarge: (3, 400),
}
# Where a path of a field may begin; people know it without being told.
PLACES = {"body", "query", "path"}


def status_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an error as `{"code", "message", "details"}`; None for a bug of ours, as DRF expects."""
    answer = exception_handler(error, context)
    if answer is None:
        return None
    code, status = next(
        (CODES[kind] for kind in type(error).__mro__ if kind in CODES),
        BY_STATUS.get(answer.status_code, (BUG, answer.status_code)),
    )
    answer.data, answer.status_code = status_body(code, _message(error, answer)), status
    return answer


def _message(error: Exception, answer: Response) -> str:
    """One sentence; for wrong fields each with its path, `spec.modelConfig.modelId: …`."""
    problems = problems_of(error)
    if problems is None:
        return str(answer.data["detail"])
    return "; ".join(f"{_path(problem['loc'])}{problem['msg']}" for problem in problems)


def _path(loc: list[str | int]) -> str:
    names = [str(part) for part in (loc[1:] if loc and loc[0] in PLACES else loc)]
    return ".".join(names) + ": " if names else ""
