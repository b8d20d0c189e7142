"""Test data: plain functions with keyword arguments, and a named cast."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from executions.catalog.archive import Bundle, digest_files
from executions.catalog.importer import import_bundle
from executions.catalog.manifest import parse_manifest
from executions.models import SkillVersion
from spaces.access import SpaceAccess
from spaces.keys import create_key
from spaces.models import ApiKey, Membership, Principal, PrincipalKind, Role, Space, Tenant

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TOOLS = [
    "workspace.fs.list",
    "workspace.fs.read",
    "workspace.fs.write",
    "workspace.shell",
    "workspace.code.python",
    "artifact.commit",
]


@dataclass(frozen=True)
class Actor:
    """A machine principal with a key, in one space."""

    tenant: Tenant
    space: Space
    principal: Principal
    key: ApiKey
    token: str
    access: SpaceAccess

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def make_tenant(*, name: str = "Acme") -> Tenant:
    return Tenant.objects.create(name=name, created_at=NOW)


def make_space(*, tenant: Tenant | None = None, name: str = "Desk", **fields: Any) -> Space:
    fields = {"permitted_tools": TOOLS, **fields}
    return Space.objects.create(tenant=tenant or make_tenant(), name=name, created_at=NOW, **fields)


def make_actor(
    *,
    space: Space | None = None,
    role: Role = Role.MEMBER,
    permissions: tuple[str, ...] = ("*",),
    all_spaces: bool = True,
    name: str = "owner",
) -> Actor:
    """A machine that is in the space with a role, and its key."""
    space = space or make_space()
    principal = Principal.objects.create(
        tenant=space.tenant, kind=PrincipalKind.MACHINE, display_name=name, created_at=NOW
    )
    Membership.objects.create(space=space, principal=principal, role=role, created_at=NOW)
    key, token = create_key(
        principal=principal,
        name=name,
        permissions=permissions,
        spaces=None if all_spaces else [space],
        now=NOW,
    )
    access = SpaceAccess(space.id, space.tenant_id, principal.id, role, frozenset(permissions))
    return Actor(space.tenant, space, principal, key, token, access)


def make_operator(
    *, email: str = "operator@example.com", password: str = "correct horse battery"
) -> Principal:
    return Principal.objects.create_superuser(email=email, password=password)


SKILL_MD = """---
name: {slug}
description: Repeats its text, for tests.
metadata:
  version: {version}
  kind: script
  entrypoint: scripts/run.py
  inputs: {{type: object, properties: {{text: {{type: string}}}}, required: [text]}}
  outputs: {outputs}
  tools: [artifact.commit]
  skills: {skills}
  limits: {limits}
  max_attempts: {max_attempts}
---
Repeats its text.
"""
ECHO = """from callboard_skill import inputs, output, progress

progress(0.5, "half way")
output(text=inputs["text"])
"""


def make_skill(
    *,
    slug: str = "echo",
    version: str = "1.0.0",
    script: str = ECHO,
    tenant: Tenant | None = None,
    max_attempts: int = 1,
    skills: str = "[]",
    limits: str = "{}",
    outputs: str = "{type: object}",
    files: dict[str, bytes] | None = None,
) -> SkillVersion:
    """A script skill of the deployment (or of one tenant), imported like any other."""
    text = SKILL_MD.format(
        slug=slug,
        version=version,
        max_attempts=max_attempts,
        skills=skills,
        limits=limits,
        outputs=outputs,
    )
    contents = {"SKILL.md": text.encode(), "scripts/run.py": script.encode(), **(files or {})}
    bundle = Bundle(
        parse_manifest(text, folder=slug), contents, frozenset(), digest_files(contents, frozenset())
    )
    imported, _ = import_bundle(bundle=bundle, tenant_id=tenant.id if tenant else None, now=NOW)
    return imported


def unknown_id() -> uuid.UUID:
    """An id that no row has."""
    return uuid.UUID("0199aaaa-0000-7000-8000-000000000000")
