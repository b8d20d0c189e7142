"""The skills that a space can start, and starting them."""

from dataclasses import asdict
from typing import Any, ClassVar

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from executions.actions.starting import start_execution
from executions.api.bodies import StartBody
from executions.api.docs import skills as docs
from executions.api.representation import represent_started
from executions.catalog.resolving import manifest_of, newest_version, newest_versions
from executions.catalog.validation import is_storable_text
from executions.models import SkillVersion
from spaces.api.bodies import read_body
from spaces.api.idempotency import read_idempotency_key
from spaces.api.pages import Column, Keyset, Page
from spaces.api.viewsets import SpaceViewSet, base_url, created
from spaces.errors import NotFound
from spaces.models import Space


def _slug(text: str) -> str:
    """Raises ValueError for what the database could not compare with."""
    if not is_storable_text(text):
        raise ValueError(text)
    return text


BY_SLUG = Keyset((Column("skill__slug", str, _slug),))


class SkillViewSet(SpaceViewSet):
    """`…/skills`: the newest version of each skill that the tenant has."""

    required_permission = "skills:read"
    action_permissions: ClassVar = {"start": "executions:manage"}

    @docs.listing
    def list(self, request: Request, space_id: str) -> Response:
        versions = newest_versions(self.access.tenant_id)
        page = Page.of(versions, BY_SLUG, request, of_list=f"skills {space_id}")
        return Response({"data": [represent_skill(version) for version in page.rows], "meta": page.meta})

    @docs.retrieve
    def retrieve(self, request: Request, space_id: str, slug: str) -> Response:
        version = newest_version(self.access.tenant_id, slug) if is_storable_text(slug) else None
        if version is None:
            raise NotFound
        permitted = Space.objects.values_list("permitted_tools", flat=True).get(pk=self.access.space_id)
        return Response({"data": represent_skill_detail(version, frozenset(permitted))})

    @docs.start
    def start(self, request: Request, space_id: str, slug: str) -> Response:
        body = read_body(StartBody, request)
        execution, is_new = start_execution(
            access=self.access,
            slug=slug,
            idempotency_key=read_idempotency_key(request),
            now=timezone.now(),
            **body.model_dump(),
        )
        answer = represent_started(execution, base_url=base_url(request), is_new=is_new)
        return created(answer, is_new=is_new)


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
        "skills": list(manifest.skills),
        "limits": asdict(manifest.limits),
        "max_attempts": manifest.max_attempts,
        "versions": list(versions.values_list("version", flat=True)),
    }
