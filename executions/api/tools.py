"""Skills as the tools that a chat may call."""

import uuid

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from executions.actions.dispatch import dispatch_tool_call
from executions.api.catalog_schemas import ToolList
from executions.api.docs.examples import QUEUED, SUCCEEDED, TOOL
from executions.api.representations import answer_started
from executions.api.request_bodies import IDEMPOTENCY_KEY, STARTED, DispatchBody
from executions.catalog.selectors import manifest_of, newest_versions
from spaces.api.idempotency import read_idempotency_key
from spaces.api.operations import operation
from spaces.api.permissions import Needs
from spaces.api.request_bodies import read_body
from spaces.api.viewsets import SpaceViewSet


class SkillToolViewSet(SpaceViewSet):
    """`…/tools`: a tool is a skill, by its slug."""

    permission_classes = (Needs.by_action("skills:read", execute="executions:manage"),)

    @operation(
        "listTools",
        "List tools",
        tag="tools",
        answers={200: (ToolList, "The tools.")},
        examples={"answer": [TOOL]},
    )
    def list(self, request: Request, space_id: uuid.UUID) -> Response:
        """The space's skills as tools for a language model: a bare array, in the form that model providers
        take tools in.
        """
        versions = newest_versions(self.access.tenant_id)
        return Response(
            [
                {
                    "tool_name": version.skill.slug,
                    "description": version.description,
                    "arguments_schema": manifest_of(version).inputs_schema,
                }
                for version in versions
            ]
        )

    @operation(
        "executeTool",
        "Dispatch a chat's tool call",
        tag="tools",
        body=DispatchBody,
        answers=STARTED,
        errors=[409, 413, 415],
        parameters=[IDEMPOTENCY_KEY],
        examples={
            "body": {
                "arguments": SUCCEEDED["inputs"],
                "thread_id": "thread_8",
                "message_id": "msg_12",
                "tool_call_id": "call_Zx81",
            },
            "answer": {"data": {**SUCCEEDED, **QUEUED}},
        },
    )
    def execute(self, request: Request, space_id: uuid.UUID, tool_name: str) -> Response:
        """Makes one execution for one tool call, however often and however concurrently it is asked for.

        The same thread, message and id with the same tool and arguments return the execution that is there
        (200); with another tool or other arguments it is a 409. An `Idempotency-Key` counts before that, and
        for the whole body.
        """
        body = read_body(DispatchBody, request.data)
        execution, is_new = dispatch_tool_call(
            access=self.access,
            tool_name=tool_name,
            idempotency_key=read_idempotency_key(request),
            now=timezone.now(),
            **body.model_dump(),
        )
        return answer_started(execution, request, is_new=is_new)
