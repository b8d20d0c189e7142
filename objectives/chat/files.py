"""The bytes of a message's files: by the link alone, for as long as it lives."""

import uuid

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request

from objectives.chat.transcript import FILE_TOKEN
from objectives.models import MessageFile
from spaces.api.describing import ErrorAnswer
from spaces.api.downloads import Download, require_link, send_blob
from spaces.api.viewsets import ApiViewSet
from spaces.errors import NotFound


class MessageFileViewSet(ApiViewSet):
    """`GET /v1/message-files/{id}?token=…`: the link is the permission, and needs no key."""

    authentication_classes = ()
    permission_classes = ()
    byte_actions = frozenset({"retrieve"})

    @extend_schema(
        operation_id="getMessageFile",
        summary="Read a file of a message",
        description="By a `url` of a message's file, within 15 minutes; no key is needed.",
        tags=["chat"],
        auth=[],
        parameters=[OpenApiParameter("token", str, description="The token in its `url`.")],
        responses={
            (200, "application/octet-stream"): OpenApiResponse(
                OpenApiTypes.BINARY, description="The bytes, in the file's own type."
            ),
            403: OpenApiResponse(ErrorAnswer, description="The link is over, or was altered."),
            404: OpenApiResponse(ErrorAnswer, description="There are no such bytes any more."),
        },
    )
    def retrieve(self, request: Request, file_id: uuid.UUID) -> HttpResponseBase:
        require_link(request, FILE_TOKEN, file_id, read_again="the messages")
        file = MessageFile.objects.filter(pk=file_id).select_related("blob").first()
        if file is None:
            raise NotFound
        return send_blob(request, Download(file.blob, file.name, file.mime_type))
