"""Rate limits per key, or per person for sessions."""

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView


class KeyThrottle(SimpleRateThrottle):
    """The rate `key` of the settings for each key; a process counts for itself unless a shared cache is set."""

    scope = "key"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        caller = request.auth
        if caller is None:
            return None
        owner = caller.api_key.pk if caller.api_key else caller.principal.pk
        return f"throttle:{owner}"
