"""Skills as the tools that a chat may call."""

from typing import ClassVar

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from executions.actions.starting import dispatch_tool_call
from executions.api.bodies import DispatchBody
from executions.api.docs import skills as docs
from executions.api.representation import represent_started
from executions.catalog.resolving import newest_versions
from spaces.api.bodies import read_body
from spaces.api.idempotency import read_idempotency_key
from spaces.api.viewsets import SpaceViewSet, base_url, created


class ToolViewSet(SpaceViewSet):
    """`…/tools`: a tool is a skill, by its slug."""

    required_permission = "skills:read"
    action_permissions: ClassVar = {"execute": "executions:manage"}

    @docs.tools
    def list(self, request: Request, space_id: str) -> Response:
        """A bare array, in the form that model providers take tools in."""
        versions = newest_versions(self.access.tenant_id)
        return Response(
            [
                {
                    "tool_name": version.skill.slug,
                    "description": version.description,
                    "arguments_schema": version.document["metadata"]["inputs"],
                }
                for version in versions
            ]
        )

    @docs.execute
    def execute(self, request: Request, space_id: str, tool_name: str) -> Response:
        body = read_body(DispatchBody, request)
        execution, is_new = dispatch_tool_call(
            access=self.access,
            tool_name=tool_name,
            idempotency_key=read_idempotency_key(request),
            now=timezone.now(),
            **body.model_dump(),
        )
        answer = represent_started(execution, base_url=base_url(request), is_new=is_new)
        return created(answer, is_new=is_new)
