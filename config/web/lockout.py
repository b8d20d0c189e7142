"""Settings of django-axes: wrong passwords are counted, and slowed down, by name and address.

Decision: the count lives in the database, which all web processes share. At each further failure the
library deletes what is older than the pause, so its table stays small without `prune`.
"""

from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any

from django.conf import settings
from django.http import HttpRequest

MOST_FAILURES = 5
PAUSE = timedelta(minutes=5)  # after the last of them

AXES: dict[str, Any] = {
    "AXES_FAILURE_LIMIT": MOST_FAILURES,
    "AXES_COOLOFF_TIME": PAUSE,
    "AXES_LOCKOUT_PARAMETERS": [["username", "ip_address"]],
    "AXES_CLIENT_IP_CALLABLE": "config.web.lockout.client_address",
    "AXES_USERNAME_FORM_FIELD": "username",
    # Who goes on guessing does not keep the person out for ever.
    "AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT": False,
    "AXES_RESET_ON_SUCCESS": True,
    "AXES_DISABLE_ACCESS_LOG": True,
    "AXES_ENABLE_ADMIN": False,
    "AXES_VERBOSE": False,
}


def client_address(request: HttpRequest) -> str | None:
    """Where a request comes from; of IPv6 the /64 network, all of which one customer has.

    Behind a proxy it is the last address of `X-Forwarded-For`, which the proxy itself wrote; that needs
    TRUST_PROXY. None for what is no address.
    """
    found = request.META.get("REMOTE_ADDR", "")
    if settings.ENV.trust_proxy:
        found = request.META.get("HTTP_X_FORWARDED_FOR", found).rpartition(",")[2].strip()
    try:
        address = ip_address(found.partition("%")[0])
    except ValueError:
        return None
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((address, 64), strict=False).network_address)
