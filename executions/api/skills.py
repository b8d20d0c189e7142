"""The skills that a space can start, and starting them."""

import uuid
from dataclasses import asdict
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from executions.actions.dispatch import start_execution
from executions.api.catalog_schemas import SkillAnswer, SkillPage
from executions.api.docs.examples import QUEUED, SKILL, SUCCEEDED
from executions.api.representations import answer_started
from executions.api.request_bodies import IDEMPOTENCY_KEY, STARTED, StartBody
from executions.catalog.selectors import manifest_of, newest_version, newest_versions
from executions.catalog.validation import is_storable_text
from executions.models import SkillVersion
from spaces.api.idempotency import read_idempotency_key
from spaces.api.operations import operation
from spaces.api.pagination import KeysetPagination
from spaces.api.permissions import Needs
from spaces.api.request_bodies import read_body
from spaces.api.viewsets import SpaceViewSet
from spaces.errors import NotFound
from spaces.keyset import Column, Keyset
from spaces.models import Space


def _slug(text: str) -> str:
    """Raises ValueError for what the database could not compare with."""
    if not is_storable_text(text):
        raise ValueError(text)
    return text


class BySlug(KeysetPagination):
    keyset = Keyset((Column("skill__slug", str, _slug),))


class SkillViewSet(SpaceViewSet):
    """`…/skills`: the newest version of each skill that the tenant has."""

    permission_classes = (Needs.by_action("skills:read", start="executions:manage"),)

    @operation(
        "listSkills",
        "List skills",
        tag="skills",
        answers={200: (SkillPage, "A page of skills.")},
        pagination_class=BySlug,
        examples={"answer": {"data": [SKILL], "meta": {"next_cursor": None, "has_more": False}}},
    )
    def list(self, request: Request, space_id: uuid.UUID) -> Response:
        """The newest version of each skill that the space can start, by slug; retired skills are left out."""
        page = self.page_of(newest_versions(self.access.tenant_id), of_list=f"skills {space_id}")
        return self.get_paginated_response([represent_skill(version) for version in page])

    @operation("getSkill", "Show a skill", tag="skills", answers={200: (SkillAnswer, "The skill.")})
    def retrieve(self, request: Request, space_id: uuid.UUID, slug: str) -> Response:
        """Its newest version: what it takes and gives, what it may do here and within which limits."""
        version = newest_version(self.access.tenant_id, slug) if is_storable_text(slug) else None
        if version is None:
            raise NotFound
        permitted = Space.objects.values_list("permitted_tools", flat=True).get(pk=self.access.space_id)
        return Response({"data": represent_skill_detail(version, frozenset(permitted))})

    @operation(
        "startExecution",
        "Start a skill",
        tag="skills",
        body=StartBody,
        answers=STARTED,
        errors=[409, 413, 415],
        parameters=[IDEMPOTENCY_KEY],
        examples={
            "body": {"inputs": SUCCEEDED["inputs"], "file_source_ids": ["sales.csv"]},
            "answer": {"data": {**SUCCEEDED, **QUEUED}},
        },
    )
    def start(self, request: Request, space_id: uuid.UUID, slug: str) -> Response:
        """Makes an execution, which a worker takes up within a second where one is free.

        Inputs that do not match the skill's inputs schema are a 422 that names each wrong path, as is a model
        that the space does not allow.
        """
        body = read_body(StartBody, request.data)
        execution, is_new = start_execution(
            access=self.access,
            slug=slug,
            idempotency_key=read_idempotency_key(request),
            now=timezone.now(),
            **body.model_dump(),
        )
        return answer_started(execution, request, is_new=is_new)


def represent_skill(version: SkillVersion) -> dict[str, Any]:
    """A skill in a list."""
    return {
        "slug": version.skill.slug,
        "description": version.description,
        "version": version.version,
        "kind": version.kind,
    }


def represent_skill_detail(version: SkillVersion, permitted_tools: frozenset[str]) -> dict[str, Any]:
    """A skill in full, with the tools that it gets in a space that permits these."""
    manifest = manifest_of(version)
    versions = SkillVersion.objects.filter(skill_id=version.skill_id).order_by("-order")
    return {
        **represent_skill(version),
        "digest": version.digest,
        "inputs_schema": manifest.inputs_schema,
        "outputs_schema": manifest.outputs_schema,
        "tools": sorted(manifest.tools & permitted_tools),
        "missing_tools": list(manifest.missing_tools),
        "stated_version": manifest.stated_version,
        "skills": list(manifest.skills),
        "limits": asdict(manifest.limits),
        "max_attempts": manifest.max_attempts,
        "versions": list(versions.values_list("version", flat=True)),
    }
