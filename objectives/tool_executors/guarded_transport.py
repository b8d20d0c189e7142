"""Asking models whose address a tenant gave: with the care that tools get."""

import httpx2

from executions.inference.errors import ModelRefused
from objectives.tool_executors.public_addresses import AddressRefused, CheckedTransport


class ModelTransport(CheckedTransport):
    """Raises ModelRefused for an address that may not be reached; `settings.GUARDED_TRANSPORT` names it."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return await super().handle_async_request(request)
        except AddressRefused:
            raise ModelRefused(
                "the address of this model is not public, and the deployment does not list it"
            ) from None
