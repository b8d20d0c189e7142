"""Makes the benchmark's tenant, space, key and skill, in a process of its own, in the scratch database."""

import os
import secrets
from datetime import datetime
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

# Below the setup: these read models and settings.
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from executions.catalog.archive import Bundle, digest_files  # noqa: E402
from executions.catalog.importer import import_bundle  # noqa: E402
from executions.catalog.manifest import TOOLS, parse_manifest  # noqa: E402
from executions.models import SkillVersion  # noqa: E402
from spaces.keys import create_key  # noqa: E402
from spaces.models import Membership, Principal, PrincipalKind, Role, Space, Tenant  # noqa: E402

SKILL, SPEAKER = "bench-echo", "bench-speaker"
_MANIFEST = """---
name: {name}
description: {description}
metadata:
  version: 1.0.0
  kind: script
  entrypoint: scripts/run.py
  inputs: {{type: object}}
  outputs: {{type: object}}
---
{description}
"""
_ECHO = b"""from callboard_skill import inputs, output

output({"text": inputs["text"]})
"""
_SPEAK = b"""import time

from callboard_skill import inputs, output, progress

time.sleep(inputs["silence"])
for number in range(inputs["count"]):
    progress(number / inputs["count"], str(time.monotonic_ns()))
    time.sleep(inputs["pause"])
time.sleep(inputs["silence"])
output({})
"""
_SKILLS = {
    SKILL: ("Gives its text back; the least that a skill can do.", _ECHO),
    SPEAKER: ("Says again and again what the clock says.", _SPEAK),
}


def make_dataset() -> dict[str, Any]:
    """Migrate the empty database and make who and what everything else refers to.

    Gives ids, the key's token, and the operator's name and password.
    """
    call_command("migrate", verbosity=0, interactive=False)
    now = timezone.now()
    tenant = Tenant.objects.create(name="Benchmark", created_at=now)
    space = Space.objects.create(
        tenant=tenant, name="Benchmark", created_at=now, permitted_tools=sorted(TOOLS)
    )
    machine = Principal.objects.create(
        tenant=tenant, kind=PrincipalKind.MACHINE, display_name="Benchmark", created_at=now
    )
    Membership.objects.create(space=space, principal=machine, role=Role.MEMBER, created_at=now)
    _key, token = create_key(principal=machine, name="Benchmark", permissions=["*"], spaces=[space], now=now)
    password = secrets.token_urlsafe(16)
    operator = Principal.objects.create_superuser("operator@bench.example", password, created_at=now)
    version, _ = [_imported(name, now) for name in (SKILL, SPEAKER)]
    return {
        "tenant_id": str(tenant.id),
        "space_id": str(space.id),
        "principal_id": str(machine.id),
        "skill_id": str(version.skill_id),
        "skill_version_id": str(version.id),
        "skill": SKILL,
        "speaker": SPEAKER,
        "blob": version.bundle_id,
        "token": token,
        "operator": operator.email,
        "password": password,
    }


def _imported(name: str, now: datetime) -> SkillVersion:
    description, script = _SKILLS[name]
    text = _MANIFEST.format(name=name, description=description)
    files = {"SKILL.md": text.encode(), "scripts/run.py": script}
    bundle = Bundle(parse_manifest(text, folder=name), files, frozenset(), digest_files(files, frozenset()))
    version, _is_new = import_bundle(bundle=bundle, tenant_id=None, now=now)
    return version
