"""Listing, showing, cancelling and retrying executions, and what they left behind."""

import uuid
from collections.abc import Sequence
from typing import ClassVar

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from executions.actions.cancellation import request_cancel
from executions.actions.retry import retry_execution
from executions.api.docs.examples import ARTIFACT, CANCELLED, LISTED, SUCCEEDED
from executions.api.filters import ExecutionFilter
from executions.api.representations import (
    answer_detail,
    answer_started,
    represent_artifacts,
    represent_listed,
)
from executions.api.schemas import ArtifactPage, ExecutionAnswer, ExecutionPage
from executions.api.selectors import LISTED_FIELDS, ExecutionRow, read_execution
from executions.api.usage import USAGE
from executions.lineage import lineage_of_execution
from executions.models import Artifact, SkillExecution
from spaces.api.downloads import RANGE, Download, bytes_of, send_blob
from spaces.api.operations import operation
from spaces.api.pagination import KeysetPagination
from spaces.api.permissions import Needs
from spaces.api.viewsets import SpaceViewSet, base_url
from spaces.errors import NotFound
from spaces.ids import parse_uuid
from spaces.keyset import OLDEST_FIRST
from spaces.ticket_scopes import May, TicketKind, TicketSubject

TAG = "executions"
SHOWN = "The execution as it stands now."


class ArtifactPages(KeysetPagination):
    keyset = OLDEST_FIRST


class ExecutionViewSet(SpaceViewSet):
    """Everything below `…/skills/executions` that is not the lookup."""

    permission_classes = (Needs.by_action("executions:read", "executions:manage"),)
    byte_actions = frozenset({"archive"})
    may_by_ticket: ClassVar = {
        **dict.fromkeys(("list", "retrieve", "artifacts", "archive"), May.READ),
        "cancel": May.CANCEL,
    }

    def lineage(self) -> Sequence[TicketSubject]:
        if "execution_id" in self.kwargs:
            return lineage_of_execution(_id(self.kwargs["execution_id"]))
        return [TicketSubject(TicketKind.SPACE, str(self.space_id))]

    @operation(
        "listExecutions",
        "List executions",
        tag=TAG,
        answers={200: (ExecutionPage, "A page of executions.")},
        filterset_class=ExecutionFilter,
        pagination_class=KeysetPagination,
        examples={"answer": {"data": [LISTED], "meta": {"next_cursor": None, "has_more": False}}},
    )
    def list(self, request: Request, space_id: uuid.UUID) -> Response:
        """A space's executions, newest first. Several filters must all hold; an unknown one is a 422.

        Items have 15 keys; inputs, outputs and artifacts come with each execution by itself.
        """
        rows = self._executions().values_list(*LISTED_FIELDS, named=True)
        page = self.page_of(rows, of_list=f"executions {space_id}")
        return self.get_paginated_response([represent_listed(row) for row in page])

    @operation(
        "getExecution",
        "Show an execution",
        tag=TAG,
        answers={200: (ExecutionAnswer, SHOWN)},
        parameters=[USAGE],
        examples={"answer": {"data": SUCCEEDED}},
    )
    def retrieve(self, request: Request, space_id: uuid.UUID, execution_id: str) -> Response:
        """One execution in full, whatever its state: what it was given and gave, its artifacts with fresh
        links, and the executions that it called.

        To follow it while it runs, open its event stream or the websocket instead of asking again.
        """
        return answer_detail(self._row(execution_id), request)

    @operation(
        "cancelExecution",
        "Cancel an execution",
        tag=TAG,
        answers={200: (ExecutionAnswer, SHOWN)},
        errors=[409],
        examples={"answer": {"data": {**SUCCEEDED, **CANCELLED}}},
    )
    def cancel(self, request: Request, space_id: uuid.UUID, execution_id: str) -> Response:
        """Asks that it stops, and everything it called.

        One that waits is cancelled at once; one that runs is `cancelled` within seconds, when its worker has
        stopped it. Asking again changes nothing; one that has succeeded or failed is a 409.
        """
        execution = request_cancel(access=self.access, execution_id=_id(execution_id), now=timezone.now())
        return answer_started(execution, request)

    @operation(
        "retryExecution",
        "Run a finished execution again",
        tag=TAG,
        answers={
            201: (ExecutionAnswer, "The new execution."),
            200: (ExecutionAnswer, "It was retried before: that execution."),
        },
        errors=[409],
    )
    def retry(self, request: Request, space_id: uuid.UUID, execution_id: str) -> Response:
        """Makes a new execution with the same inputs, files, thread, message and tool call, which takes the
        place of the old one in the lookup; both stay.

        One that is not over, and a sub-execution, is a 409.
        """
        execution, is_new = retry_execution(
            access=self.access, execution_id=_id(execution_id), now=timezone.now()
        )
        return answer_started(execution, request, is_new=is_new)

    @operation(
        "listArtifacts",
        "List an execution's artifacts",
        tag=TAG,
        answers={200: (ArtifactPage, "A page of artifacts.")},
        pagination_class=ArtifactPages,
        examples={"answer": {"data": [ARTIFACT], "meta": {"next_cursor": None, "has_more": False}}},
    )
    def artifacts(self, request: Request, space_id: uuid.UUID, execution_id: str) -> Response:
        """The files that it kept, oldest first, each with a fresh link that is good for 15 minutes."""
        row = self._row(execution_id)
        page = self.page_of(Artifact.objects.filter(execution_id=row.id), of_list=f"artifacts {row.id}")
        shown = [
            {
                "artifact_id": str(artifact.id),
                "relpath_in_workspace": artifact.relpath,
                "document_type": artifact.document_type,
                "size_bytes": artifact.size_bytes,
            }
            for artifact in page
        ]
        links = represent_artifacts(shown, space_id=row.space_id, base_url=base_url(request))
        return self.get_paginated_response(links)

    @operation(
        "downloadArchive",
        "Download an execution's workspace",
        tag=TAG,
        answers=bytes_of("application/gzip", "The bytes."),
        parameters=[RANGE],
    )
    def archive(self, request: Request, space_id: uuid.UUID, execution_id: str) -> HttpResponseBase:
        """The workspace as it was at the end, tar.gz. 404 until it was taken, and after its retention."""
        execution = self._executions().filter(pk=_id(execution_id)).select_related("archive_blob").first()
        if execution is None or execution.archive_blob is None:
            raise NotFound
        return send_blob(
            request,
            Download(
                blob=execution.archive_blob,
                name=f"{execution.skill_slug}-{execution.id}.tar.gz",
                content_type="application/gzip",
            ),
        )

    def _executions(self) -> QuerySet[SkillExecution]:
        return SkillExecution.objects.filter(space_id=self.access.space_id)

    def _row(self, execution_id: str) -> ExecutionRow:
        row = read_execution(_id(execution_id), space_id=self.access.space_id)
        if row is None:
            raise NotFound
        return row


def _id(text: str) -> uuid.UUID:
    """Raises NotFound for what is no canonical id: there is no row of that name."""
    row_id = parse_uuid(text)
    if row_id is None:
        raise NotFound
    return row_id
