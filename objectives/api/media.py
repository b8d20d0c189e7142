"""The bytes of images and sounds in results: by the link alone, for as long as it lives."""

import uuid

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request

from objectives.api.viewsets import StatusViewSet
from objectives.models import ResultMedia
from objectives.schemas.status import Status
from objectives.tool_results.blocks import MEDIA_TOKEN
from spaces.api.downloads import Download, require_link, send_blob
from spaces.errors import NotFound


class MediaViewSet(StatusViewSet):
    """`GET /v1/media/{id}?token=…`: the link is the permission, and needs no key."""

    authentication_classes = ()
    permission_classes = ()
    byte_actions = frozenset({"retrieve"})

    @extend_schema(
        operation_id="getMedia",
        summary="Read an image or a sound of a result",
        description="By a `url` of a tool call's result, within 15 minutes; no key is needed.",
        tags=["objectives"],
        auth=[],
        parameters=[
            OpenApiParameter("media_id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The media."),
            OpenApiParameter("token", str, description="The token in its `url`."),
        ],
        responses={
            (200, "application/octet-stream"): OpenApiResponse(
                OpenApiTypes.BINARY, description="The bytes, in the media's own type."
            ),
            403: OpenApiResponse(Status, description="The link is over, or was altered."),
            404: OpenApiResponse(Status, description="There are no such bytes any more."),
        },
    )
    def retrieve(self, request: Request, media_id: uuid.UUID) -> HttpResponseBase:
        require_link(request, MEDIA_TOKEN, media_id, read_again="the tool call")
        media = ResultMedia.objects.filter(pk=media_id).select_related("blob").first()
        if media is None:
            raise NotFound
        name = f"{media.mime_type.partition('/')[0]}-{media.id}"
        return send_blob(request, Download(media.blob, name, media.mime_type))
