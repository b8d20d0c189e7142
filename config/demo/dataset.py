"""The demo's tenants, people, keys and skills: made once, found again later."""

import json
import os
import secrets
import shlex
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password

from config.demo.agent import build_agent
from config.environment import LOCAL_DIR
from executions.catalog.archive import read_folder
from executions.catalog.importer import import_bundle
from executions.catalog.manifest import TOOLS
from objectives.ids import Prefix, spell
from spaces.access import SpaceAccess
from spaces.keys import Unauthenticated, caller_of_token, create_key
from spaces.models import ApiKey, Membership, Principal, PrincipalKind, Role, Space, Tenant

DEMO_FILE = LOCAL_DIR / "demo.json"
ENVIRONMENT_FILE = LOCAL_DIR / "demo.env"
BUNDLES = Path(__file__).resolve().parents[2] / "executions" / "bundles"
OPERATOR_EMAIL = "operator@callboard.example"
# What a shell calls the world's fields, in `demo.env`.
EXPORTED = {
    "BASE": "base_url",
    "KEY": "api_key",
    "SPACE": "space_id",
    "WORKSPACE": "workspace_id",
    "AGENT": "agent_id",
    "OBJECTIVE": "objective_id",
    "CALL": "waiting_tool_call_id",
}
TENANT, SECOND_TENANT, SPACE = "Northwind Demo", "Contoso Demo", "Support desk"


@dataclass(frozen=True)
class World:
    """What `.callboard/demo.json` tells; everything that a newcomer needs to call the demo.

    `objective_id` and `waiting_tool_call_id` are None, and not in the file, until they are known.
    """

    base_url: str
    api_key: str
    second_tenant_api_key: str
    tenant_id: str
    space_id: str
    workspace_id: str
    admin_username: str
    admin_password: str
    agent_id: str
    objective_id: str | None = None
    waiting_tool_call_id: str | None = None

    def with_objective(self, objective_id: str, waiting_tool_call_id: str | None = None) -> "World":
        """The same with the demo's objective, and its call once it waits; in the files too."""
        world = replace(self, objective_id=objective_id, waiting_tool_call_id=waiting_tool_call_id)
        _write(world)
        return world


def build_world(*, base_url: str, now: datetime) -> World:
    """Find or make everything, and write `demo.json` and `demo.env` (readable by their owner only)."""
    known = _read_known()
    import_shipped_skills(now=now)
    tenant, space = _tenant_with_space(TENANT, now)
    second_tenant, second_space = _tenant_with_space(SECOND_TENANT, now)
    _person(space, email="ada@northwind.example", name="Ada Sommer", role=Role.ADMIN, now=now)
    _person(space, email="ben@northwind.example", name="Ben Okafor", role=Role.MEMBER, now=now)
    machine, second_machine = _machine(tenant, space, now), _machine(second_tenant, second_space, now)
    for one in (machine, second_machine):
        _first_key(one, now)
    access = SpaceAccess(space.id, tenant.id, machine.id, Role.ADMIN, frozenset({"*"}))
    world = World(
        base_url=base_url,
        api_key=_machine_key(machine, str(known.get("api_key", "")), now),
        second_tenant_api_key=_machine_key(second_machine, str(known.get("second_tenant_api_key", "")), now),
        tenant_id=str(tenant.id),
        space_id=str(space.id),
        workspace_id=spell(Prefix.WORKSPACE, space.id),
        admin_username=OPERATOR_EMAIL,
        admin_password=_operator_password(str(known.get("admin_password", "")), now),
        agent_id=spell(Prefix.AGENT, build_agent(access=access, now=now).id),
        objective_id=known.get("objective_id") or None,
        waiting_tool_call_id=known.get("waiting_tool_call_id") or None,
    )
    _write(world)
    return world


def import_shipped_skills(*, now: datetime) -> None:
    """Import every bundle that comes with Callboard as the deployment's own; idempotent."""
    for folder in sorted(BUNDLES.iterdir()):
        if (folder / "SKILL.md").is_file():
            import_bundle(bundle=read_folder(folder), tenant_id=None, now=now)


def _tenant_with_space(name: str, now: datetime) -> tuple[Tenant, Space]:
    tenant, _ = Tenant.objects.get_or_create(name=name, defaults={"created_at": now})
    space, _ = Space.objects.get_or_create(
        tenant=tenant, name=SPACE, defaults={"created_at": now, "permitted_tools": sorted(TOOLS)}
    )
    return tenant, space


def _person(space: Space, *, email: str, name: str, role: Role, now: datetime) -> None:
    person, is_new = Principal.objects.get_or_create(
        email=email, defaults={"tenant": space.tenant, "display_name": name, "created_at": now}
    )
    if is_new:
        person.set_unusable_password()  # an operator sets one in the admin
        person.save(update_fields=["password"])
    Membership.objects.get_or_create(
        space=space, principal=person, defaults={"role": role, "created_at": now}
    )


def _machine(tenant: Tenant, space: Space, now: datetime) -> Principal:
    """The tenant's chat server."""
    machine, _ = Principal.objects.get_or_create(
        tenant=tenant,
        kind=PrincipalKind.MACHINE,
        display_name="Chat server",
        defaults={"created_at": now, "password": make_password(None)},
    )
    Membership.objects.get_or_create(
        space=space, principal=machine, defaults={"role": Role.ADMIN, "created_at": now}
    )
    return machine


def _machine_key(machine: Principal, known_token: str, now: datetime) -> str:
    """A token of the machine: the known one while it works, else that of a new key."""
    try:
        if caller_of_token(known_token, now=now).principal == machine:
            return known_token
    except Unauthenticated:
        pass  # first run, or the key was revoked since
    return create_key(principal=machine, name="Demo", permissions=["*"], spaces=None, now=now)[1]


def _first_key(machine: Principal, now: datetime) -> None:
    """What every account is founded with. Nobody knows its token, which is renewed to get one."""
    firsts = ApiKey.objects.filter(tenant=machine.tenant, is_default=True, revoked_at__isnull=True)
    if not firsts.exists():
        create_key(
            principal=machine, name="First key", permissions=["*"], spaces=None, now=now, is_default=True
        )


def _operator_password(known: str, now: datetime) -> str:
    operator = Principal.objects.filter(email=OPERATOR_EMAIL).first()
    if operator is None:
        operator = Principal.objects.create_superuser(OPERATOR_EMAIL, display_name="Operator", created_at=now)
    if known and operator.check_password(known):
        return known
    password = secrets.token_urlsafe(12)
    operator.set_password(password)
    operator.save(update_fields=["password"])
    return password


def _read_known() -> dict[str, Any]:
    try:
        known = json.loads(DEMO_FILE.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write(world: World) -> None:
    """What is known, for programs and for a shell."""
    known = {name: text for name, text in asdict(world).items() if text is not None}
    exports = [
        f"export {name}={shlex.quote(known[field])}" for name, field in EXPORTED.items() if field in known
    ]
    _replace(DEMO_FILE, json.dumps(known, indent=2))
    _replace(ENVIRONMENT_FILE, "\n".join(exports))


def _replace(path: Path, text: str) -> None:
    """Whoever reads it finds the old text or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(f"{text}\n")
    draft.replace(path)
