"""Which workspace an address means, and whether the caller reaches it."""

import uuid

from objectives.ids import Prefix, external_id_in, read
from spaces.access import Caller, SpaceAccess
from spaces.errors import NotFound, NotPermitted
from spaces.models import Space


def access_to(caller: Caller, address: str) -> SpaceAccess:
    """The caller's access to a workspace by its id or `external_id:<name>`.

    Raises NotFound where there is none in the caller's account, and NotPermitted where it is archived or
    the caller is not assigned to it: inside one account that it exists is no secret (but to a ticket).
    """
    space_id = _named(caller, address) if external_id_in(address) else read(Prefix.WORKSPACE, address)
    if space_id is None:
        raise NotFound
    try:
        return caller.access(space_id)
    except NotFound:
        of_account = Space.objects.filter(pk=space_id, tenant=caller.principal.tenant_id)
        if caller.scope is None and of_account.exists():
            raise NotPermitted("This key does not reach that workspace, or it is archived.") from None
        raise


def _named(caller: Caller, address: str) -> uuid.UUID | None:
    spaces = Space.objects.filter(tenant=caller.principal.tenant_id, external_id=external_id_in(address))
    return spaces.values_list("pk", flat=True).first()
