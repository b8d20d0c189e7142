"""Listing, showing, cancelling and retrying executions, and what they left behind."""

import uuid
from collections.abc import Sequence
from typing import ClassVar

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from executions.actions.cancelling import request_cancel
from executions.actions.retrying import retry_execution
from executions.api.docs import executions as docs
from executions.api.filters import filtered
from executions.api.reading import LISTED_FIELDS, ExecutionRow, read_execution
from executions.api.representation import (
    represent_artifacts,
    represent_detail,
    represent_listed,
    represent_started,
)
from executions.api.usage import wanted_usage
from executions.lineage import lineage_of_execution
from executions.models import Artifact, SkillExecution
from spaces.api.downloads import Download, send_blob
from spaces.api.pages import ID, TIME, Keyset, Page
from spaces.api.viewsets import SpaceViewSet, base_url, created
from spaces.errors import NotFound
from spaces.ids import parse_uuid
from spaces.scopes import Kind, May, Place

NEWEST_FIRST = Keyset((TIME, ID), is_descending=True)
OLDEST_FIRST = Keyset((TIME, ID))


class ExecutionViewSet(SpaceViewSet):
    """Everything below `…/skills/executions` that is not the lookup."""

    required_permission = "executions:read"
    byte_actions = frozenset({"archive"})
    may_by_ticket: ClassVar = {
        **dict.fromkeys(("list", "retrieve", "artifacts", "archive"), May.READ),
        "cancel": May.CANCEL,
    }

    def lineage(self) -> Sequence[Place]:
        if "execution_id" in self.kwargs:
            return lineage_of_execution(_id(self.kwargs["execution_id"]))
        return [Place(Kind.SPACE, self.kwargs["space_id"])]

    @docs.listing
    def list(self, request: Request, space_id: str) -> Response:
        rows = filtered(self._executions(), request).values_list(*LISTED_FIELDS, named=True)
        page = Page.of(rows, NEWEST_FIRST, request, of_list=f"executions {space_id}")
        return Response({"data": [represent_listed(row) for row in page.rows], "meta": page.meta})

    @docs.retrieve
    def retrieve(self, request: Request, space_id: str, execution_id: str) -> Response:
        row = self._row(execution_id)
        usage = wanted_usage(request, row)
        return Response({"data": represent_detail(row, base_url=base_url(request), usage=usage)})

    @docs.cancel
    def cancel(self, request: Request, space_id: str, execution_id: str) -> Response:
        execution = request_cancel(access=self.access, execution_id=_id(execution_id), now=timezone.now())
        return Response({"data": represent_started(execution, base_url=base_url(request))})

    @docs.retry
    def retry(self, request: Request, space_id: str, execution_id: str) -> Response:
        execution, is_new = retry_execution(
            access=self.access, execution_id=_id(execution_id), now=timezone.now()
        )
        answer = represent_started(execution, base_url=base_url(request), is_new=is_new)
        return created(answer, is_new=is_new)

    @docs.artifacts
    def artifacts(self, request: Request, space_id: str, execution_id: str) -> Response:
        row = self._row(execution_id)
        kept = Artifact.objects.filter(execution_id=row.id)
        page = Page.of(kept, OLDEST_FIRST, request, of_list=f"artifacts {row.id}")
        shown = [
            {
                "artifact_id": str(artifact.id),
                "relpath_in_workspace": artifact.relpath,
                "document_type": artifact.document_type,
                "size_bytes": artifact.size_bytes,
            }
            for artifact in page.rows
        ]
        links = represent_artifacts(shown, space_id=row.space_id, base_url=base_url(request))
        return Response({"data": links, "meta": page.meta})

    @docs.archive
    def archive(self, request: Request, space_id: str, execution_id: str) -> HttpResponseBase:
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
