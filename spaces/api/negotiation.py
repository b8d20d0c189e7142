"""Which form an answer takes: JSON, and nothing else."""

from collections.abc import Iterable

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

_TAKEN = frozenset({"*/*", "application/*", "application/json"})


class JsonOnly(DefaultContentNegotiation):
    """Takes every `Accept` that JSON satisfies, an empty one too; raises NotAcceptable for others.

    No `?format=`: one address has one form.
    """

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        accept = request.META.get("HTTP_ACCEPT", "").strip()
        wanted = (part.partition(";")[0].strip().lower() for part in accept.split(","))
        if accept and _TAKEN.isdisjoint(wanted):
            raise NotAcceptable
        return next(iter(renderers)), "application/json"
