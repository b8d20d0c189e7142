"""Rate limits per key, or per person for sessions."""

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from spaces.access import Caller


class KeyThrottle(SimpleRateThrottle):
    """The rate `key` of the settings for each key; without a shared cache each process counts for itself."""

    scope = "key"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        caller: object = request.auth
        if not isinstance(caller, Caller):
            return None
        owner = caller.api_key.pk if caller.api_key else caller.principal.pk
        return f"throttle:{owner}"
