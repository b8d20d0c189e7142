"""Who is calling."""

from rest_framework.request import Request
from rest_framework.response import Response

from objectives.api.examples import WHOAMI
from objectives.api.viewsets import AccountViewSet
from objectives.schemas.metadata import Profile
from objectives.schemas.workspaces import Whoami, workspace_metadata
from spaces.api.operations import operation
from spaces.identity import spaces_within_reach
from spaces.models import Space


class ProfileViewSet(AccountViewSet):
    """`GET /v1/whoami`."""

    @operation(
        "whoami",
        "Get the calling profile",
        tag="profiles",
        answer=Whoami,
        examples={"answer": WHOAMI},
    )
    def whoami(self, request: Request) -> Response:
        """The profile behind the key, and its workspace where it reaches exactly one.

        Any key may ask: it is the quickest way to find out whether credentials work.
        """
        profile = Profile.of(self.caller.principal, tenant_id=self.tenant_id)
        reached = spaces_within_reach(self.caller, limit=2)
        only = Space.objects.get(pk=reached[0]) if len(reached) == 1 else None
        return self.answer(
            Whoami(
                metadata=profile.metadata,
                spec=profile.spec,
                profile=profile,
                default_workspace=workspace_metadata(only, profile.metadata.id) if only else None,
            )
        )
