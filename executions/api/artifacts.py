"""The bytes of artifacts."""

import uuid
from collections.abc import Sequence
from typing import Any, ClassVar

from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from executions.lineage import lineage_of_execution
from executions.links import check_artifact_token
from executions.models import Artifact
from spaces.api.downloads import RANGE, Download, bytes_of, send_blob
from spaces.api.operations import operation
from spaces.api.permissions import Needs
from spaces.api.viewsets import SpaceViewSet
from spaces.errors import NotFound
from spaces.ids import parse_uuid
from spaces.keys import Unauthenticated
from spaces.signing import BadToken
from spaces.ticket_scopes import May, TicketSubject


class HasLink(BasePermission):
    """The link itself is the permission; a wrong one says the same whether there is the artifact or not."""

    def has_permission(self, request: Request, view: Any) -> bool:
        _ = view.space_id  # that the path names one is said first
        artifact_id = parse_uuid(view.kwargs["artifact_id"])
        try:
            if artifact_id is None:
                raise BadToken
            check_artifact_token(artifact_id, request.query_params["token"])
        except BadToken as error:
            raise Unauthenticated("This link is invalid or has expired. Request a new one.") from error
        return True


class ArtifactViewSet(SpaceViewSet):
    """`…/artifacts/{artifact_id}/download`: by a link of its own, by a ticket or by a key."""

    permission_classes = (Needs.by_action("executions:read"),)
    byte_actions = frozenset({"download"})
    may_by_ticket: ClassVar = {"download": May.READ}

    def lineage(self) -> Sequence[TicketSubject]:
        wanted = parse_uuid(self.kwargs["artifact_id"])
        artifact = Artifact.objects.filter(pk=wanted).only("execution_id").first() if wanted else None
        return lineage_of_execution(artifact.execution_id) if artifact else ()

    @property
    def has_link(self) -> bool:
        return self.request is not None and "token" in self.request.GET

    def get_authenticators(self) -> list[Any]:
        return [] if self.has_link else super().get_authenticators()

    def get_permissions(self) -> Any:
        return [HasLink()] if self.has_link else super().get_permissions()

    @operation(
        "downloadArtifact",
        "Download an artifact",
        tag="executions",
        answers=bytes_of("application/octet-stream", "The bytes, in the artifact's own type."),
        parameters=[
            OpenApiParameter("token", str, description="The token of a `download_url`, instead of a key."),
            RANGE,
        ],
    )
    def download(self, request: Request, space_id: uuid.UUID, artifact_id: str) -> HttpResponseBase:
        """An artifact's bytes: by a key, by a ticket as often as needed, or by the token of a `download_url`
        within 15 minutes, without any key.

        Pictures may be shown by a browser; everything else is an attachment. One range of bytes can be asked
        for, so that a download goes on where it was cut off.
        """
        wanted = parse_uuid(artifact_id)
        if wanted is None:
            raise NotFound
        found = Artifact.objects.filter(pk=wanted, execution__space_id=self.space_id)
        artifact = found.select_related("blob").first()
        if artifact is None:
            raise NotFound
        name = artifact.relpath.rpartition("/")[2]
        return send_blob(request, Download(artifact.blob, name, artifact.content_type))
