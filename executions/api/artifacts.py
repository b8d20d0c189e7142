"""The bytes of artifacts."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.http import HttpResponseBase
from rest_framework.request import Request

from executions.api.docs import executions as docs
from executions.lineage import lineage_of_execution
from executions.links import check_artifact_token
from executions.models import Artifact
from spaces.api.downloads import Download, send_blob
from spaces.api.viewsets import SpaceViewSet, parse_space_id
from spaces.errors import NotFound
from spaces.ids import parse_uuid
from spaces.keys import Unauthenticated
from spaces.scopes import May, Place
from spaces.signing import BadToken


class ArtifactViewSet(SpaceViewSet):
    """`…/artifacts/{artifact_id}/download`: by a link of its own, by a ticket or by a key."""

    required_permission = "executions:read"
    byte_actions = frozenset({"download"})
    may_by_ticket: ClassVar = {"download": May.READ}

    def lineage(self) -> Sequence[Place]:
        wanted = parse_uuid(self.kwargs["artifact_id"])
        artifact = Artifact.objects.filter(pk=wanted).only("execution_id").first() if wanted else None
        return lineage_of_execution(artifact.execution_id) if artifact else ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        token = request.query_params.get("token")
        if token is None:
            super().initial(request, *args, **kwargs)
            return
        # The link itself is the permission; a wrong one says the same whether there is the artifact or not.
        self.format_kwarg = None
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        self.space_id = parse_space_id(kwargs["space_id"])
        artifact_id = parse_uuid(kwargs["artifact_id"])
        try:
            if artifact_id is None:
                raise BadToken
            check_artifact_token(artifact_id, token)
        except BadToken as error:
            raise Unauthenticated("This link is over, or was never one. Ask for a new one.") from error

    @docs.download
    def download(self, request: Request, space_id: str, artifact_id: str) -> HttpResponseBase:
        wanted = parse_uuid(artifact_id)
        if wanted is None:
            raise NotFound
        found = Artifact.objects.filter(pk=wanted, execution__space_id=self.space_id)
        artifact = found.select_related("blob").first()
        if artifact is None:
            raise NotFound
        name = artifact.relpath.rpartition("/")[2]
        return send_blob(request, Download(artifact.blob, name, artifact.content_type))
