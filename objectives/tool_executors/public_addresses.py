"""Which addresses tools may be called at: public ones, and those that the deployment lists.

Decision: the name is resolved here and the connection made to that very address, so what was checked is what
is reached: neither a redirect nor a name that changes its address in between leads anywhere else.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Iterable
from functools import cache
from typing import Any

import httpcore2
import httpx2
from django.conf import settings

CONNECT_SECONDS = 10.0
# All that is public of IPv6; whatever else there is belongs to one site or is not given out.
_UNICAST = ipaddress.ip_network("2000::/3")
# 6to4: reached through these, an IPv4 address would look like a public IPv6 one.
_EMBEDDING = ipaddress.ip_network("2002::/16")
# Azure's machines ask it for their keys, though it looks like any other address.
_METADATA = ipaddress.ip_address("168.63.129.16")


class AddressRefused(Exception):
    """The tool's address is loopback, private, link-local or otherwise not public."""


def is_public(text: str) -> bool:
    """Whether an IP address belongs to the public internet, metadata services and the like excluded."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(str(address.ipv4_mapped))
        if address not in _UNICAST or address in _EMBEDDING:
            return False
    return address.is_global and not address.is_multicast and address != _METADATA


def is_listed(host: str, address: str) -> bool:
    """Whether the deployment allows a host by its name, or an address by its network."""
    for listed in settings.PRIVATE_TOOL_HOSTS:
        if host.lower() == listed.lower():
            return True
        try:
            if ipaddress.ip_address(address.partition("%")[0]) in ipaddress.ip_network(listed, strict=False):
                return True
        except ValueError:
            continue  # a name, no network
    return False


class CheckedBackend(httpcore2.AnyIOBackend):
    """Connects to what may be reached and raises AddressRefused for anything else."""

    async def connect_tcp(  # noqa: PLR0917 - the library's signature
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the same
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        address = await _resolve(host, port)
        return await super().connect_tcp(address, port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore2.AsyncNetworkStream:
        """Raises AddressRefused: a tool is nothing on this machine."""
        raise AddressRefused


class CheckedTransport(httpx2.AsyncHTTPTransport):
    """HTTP over such connections only; proxies of the environment are not used."""

    def __init__(self, limits: httpx2.Limits) -> None:
        super().__init__(verify=_ssl_context(), trust_env=False)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_ssl_context(),
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=CheckedBackend(),
        )


@cache
def _ssl_context() -> ssl.SSLContext:
    """Reading the authorities takes longer than most calls: once a process."""
    return httpx2.create_ssl_context(trust_env=False)


async def _resolve(host: str, port: int) -> str:
    """The first address of a name, all of which must be allowed; raises AddressRefused and OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(info[4][0]) for info in found]
    if not addresses or not all(is_public(address) or is_listed(host, address) for address in addresses):
        raise AddressRefused
    return addresses[0]
