"""Makes the agents of this part, in a process of its own, in a scratch database."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

# First, since it sets Django up.
from tests.benchmarks.objectives.fixtures import ANSWER, LOOK, TOUCH, Maker, calls_of  # isort: skip

from django.utils import timezone

from executions.catalog.manifest import TOOLS
from executions.inference.choices import DEMO
from spaces.keys import create_key
from spaces.models import Membership, Principal, PrincipalKind, Role, Space, Tenant


def make_cast(*, ids: Mapping[str, Any], tools_at: str, paces: Mapping[str, str]) -> dict[str, Any]:
    """Agents of the benchmark's tenant, one a pace of its provider, and those of a second tenant.

    The second tenant's model is the demo's: its `answerer` answers, its `clerk` calls a tool before, and its
    `decider` waits for people. `tools_at` is where its tools are called.
    """
    now = timezone.now()
    ours, other = Maker(ids), _second_tenant(now)
    theirs = Maker(other)
    tools = theirs.tools(tools_at, now)
    scripts: dict[str, list[dict[str, Any]]] = {
        "answerer": [ANSWER],
        "clerk": [{"tools": calls_of(LOOK, 1)}, ANSWER],
        "decider": [{"tools": calls_of(TOUCH, 1)}, ANSWER],
    }
    made = {name: ours.agent(name, [ANSWER], [], now, prompt=pace) for name, pace in paces.items()}
    made |= {name: theirs.agent(name, script, tools, now) for name, script in scripts.items()}
    return {"agents": {name: str(agent.id) for name, agent in made.items()}, "other": other}


def _second_tenant(now: datetime) -> dict[str, str]:
    """The ids that `make_dataset` gives of the first."""
    tenant = Tenant.objects.create(name="Neighbour", created_at=now)
    space = Space.objects.create(
        tenant=tenant, name="Neighbour", created_at=now, permitted_tools=sorted(TOOLS), default_model=DEMO
    )
    machine = Principal.objects.create(
        tenant=tenant, kind=PrincipalKind.MACHINE, display_name="Neighbour", created_at=now
    )
    Membership.objects.create(space=space, principal=machine, role=Role.MEMBER, created_at=now)
    _key, token = create_key(principal=machine, name="Neighbour", permissions=["*"], spaces=[space], now=now)
    return {"space_id": str(space.id), "principal_id": str(machine.id), "token": token}
