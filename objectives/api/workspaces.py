"""Which workspace a path means, and whether the caller reaches it."""

from objectives.spelling import Prefix, read
from spaces.access import Caller, SpaceAccess
from spaces.errors import NotFound, NotPermitted
from spaces.models import Space


def access_to(caller: Caller, address: str) -> SpaceAccess:
    """The caller's access to a workspace by its id.

    Raises NotFound where there is none in the caller's account, and NotPermitted where it is archived or
    the caller is not assigned to it: inside one account that it exists is no secret.
    """
    space_id = read(Prefix.WORKSPACE, address)
    if space_id is None:
        raise NotFound
    try:
        return caller.access(space_id)
    except NotFound:
        if Space.objects.filter(pk=space_id, tenant=caller.principal.tenant).exists():
            raise NotPermitted("This key does not reach that workspace, or it is archived.") from None
        raise
