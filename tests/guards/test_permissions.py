"""Every verb asks for its permission itself, before anything else: routes are not the only ways to it."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist

import executions.actions
import objectives.actions
from objectives.access import permissions
from objectives.access.accounts import AccountAccess
from objectives.access.permissions import (
    MANAGE_ACCOUNT,
    MANAGE_AGENTS,
    MANAGE_API_KEYS,
    MANAGE_MODELS,
    MANAGE_OBJECTIVES,
    MANAGE_SECRETS,
    MANAGE_TOOLS,
)
from objectives.api.viewsets import AccountViewSet
from spaces.access import Caller, SpaceAccess
from spaces.api.viewsets import SpaceViewSet
from spaces.errors import DomainError, NotPermitted
from spaces.models import ApiKey, Principal, Role
from tests.factories import unknown_id
from tests.guards.routes import every_route

ROOT = Path(__file__).resolve().parents[2]
# What all verbs of a module need.
NEEDED = {
    "executions.actions.cancellation": "executions:manage",
    "executions.actions.retry": "executions:manage",
    "executions.actions.dispatch": "executions:manage",
    "objectives.actions.accounts": MANAGE_ACCOUNT,
    "objectives.actions.agents": MANAGE_AGENTS,
    "objectives.actions.api_keys": MANAGE_API_KEYS,
    "objectives.actions.assignments": MANAGE_AGENTS,
    "objectives.actions.continuation": MANAGE_OBJECTIVES,
    "objectives.actions.creation": MANAGE_OBJECTIVES,
    "objectives.actions.approvals": MANAGE_OBJECTIVES,
    "objectives.actions.feedback": MANAGE_OBJECTIVES,
    "objectives.actions.models": MANAGE_MODELS,
    "objectives.actions.provider_keys": MANAGE_MODELS,
    "objectives.actions.queued_actions": MANAGE_OBJECTIVES,
    "objectives.actions.secrets": MANAGE_SECRETS,
    "objectives.actions.cancellation": MANAGE_OBJECTIVES,
    "objectives.actions.supplied_results": MANAGE_OBJECTIVES,
    "objectives.actions.threads": MANAGE_OBJECTIVES,
    "objectives.actions.tools": MANAGE_TOOLS,
    "objectives.actions.toolsets": MANAGE_TOOLS,
    "objectives.actions.variations": MANAGE_AGENTS,
    "spaces.uploads": "files:manage",
}
# No verbs, but what routes carry out by verbs.
THROUGH = {"objectives.chat.talking"}
# No verbs, though they take an access: they read, or lock, for a verb that has asked.
HELPERS = {
    "objectives.actions.finding.known_agent",
    "objectives.actions.finding.locked_agent",
    "objectives.actions.finding.locked_tool_set",
    "objectives.actions.finding.locked_variation",
    "objectives.actions.provider_keys.locked_provider_key",
    "objectives.actions.secrets.secrets_in",
}
# What nobody has to be permitted, being for oneself.
FOR_EVERYBODY = {"spaces.tickets.issue_ticket"}
# Verbs that know no caller: they are the deployment's own. Commands, the admin (which asks for Django's
# permissions) and verbs that have asked may call them, and nothing else.
OF_THE_DEPLOYMENT = {
    "spaces.keys": {"create_key", "revoke_key", "rotate_key"},
    "spaces.tenants": {"found_tenant"},
    "executions.catalog.importer": {"import_bundle"},
    "executions.catalog.retirement": {"retire_skill", "restore_skill"},
}
MAY_CALL = (
    "*/admin/**",
    "*/management/**",
    "*/actions/**",
    "config/demo/**",
    "spaces/tenants.py",
)
APPS = ("config", "executions", "objectives", "spaces")
WHO = ("access", "caller")
EVERY_PERMISSION = {text for name, text in vars(permissions).items() if name.isupper()} | set(NEEDED.values())


class LookedAt(Exception):
    """An argument was used."""


GOES_ON = (LookedAt, DomainError, ObjectDoesNotExist)


class Untouched:
    """Stands for every argument but the caller: whoever is refused must not have been listened to."""

    def __getattribute__(self, name: str) -> Any:
        raise LookedAt(name)

    __bool__ = __iter__ = __len__ = __getitem__ = __eq__ = __hash__ = __str__ = lambda *_: _looked_at()


def _looked_at() -> Any:
    raise LookedAt


def modules() -> Iterator[Any]:
    for package in (objectives.actions, executions.actions):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)
    for name in ("spaces.uploads", "spaces.tickets", *OF_THE_DEPLOYMENT):
        yield importlib.import_module(name)


def functions() -> Iterator[Any]:
    """The public ones that these modules define."""
    for module in modules():
        for name, one in vars(module).items():
            if inspect.isfunction(one) and one.__module__ == module.__name__ and not name.startswith("_"):
                yield one


def called(one: Any) -> str:
    return f"{one.__module__}.{one.__name__}"


VERBS = [
    one
    for one in functions()
    if set(WHO) & set(inspect.signature(one).parameters) and called(one) not in HELPERS | FOR_EVERYBODY
]


def who(kind: Any, granted: set[str]) -> Any:
    """Somebody of the kind that a verb wants, with these permissions."""
    space = SpaceAccess(unknown_id(), unknown_id(), unknown_id(), Role.ADMIN, frozenset(granted))
    principal = Principal(id=space.principal_id, tenant_id=space.tenant_id)
    caller = Caller(principal, ApiKey(principal=principal, permissions=sorted(granted)))
    return {SpaceAccess: space, Caller: caller, AccountAccess: AccountAccess(caller, space.tenant_id)}[kind]


def call(verb: Any, granted: set[str]) -> Any:
    parameters = inspect.signature(verb).parameters
    given: dict[str, Any] = {
        name: who(parameter.annotation, granted) if name in WHO else Untouched()
        for name, parameter in parameters.items()
    }
    positional = [
        given.pop(name) for name, one in parameters.items() if one.kind == one.POSITIONAL_OR_KEYWORD
    ]
    return verb(*positional, **given)


def test_the_walk_finds_the_verbs_and_every_module_with_one_says_what_it_needs():
    assert len(VERBS) > 55
    assert {verb.__module__ for verb in VERBS} == set(NEEDED)
    assert {called(one) for one in functions()} >= HELPERS | FOR_EVERYBODY
    known = {f"{module}.{name}" for module, names in OF_THE_DEPLOYMENT.items() for name in names}
    assert {called(one) for one in functions()} >= known


@pytest.mark.parametrize("verb", VERBS, ids=called)
def test_whoever_lacks_the_permission_is_refused_before_anything_else(verb):
    """The database is closed to this test, and every other argument to the verb."""
    needed = NEEDED[verb.__module__]

    for granted in (set(), EVERY_PERMISSION - {needed}):
        with pytest.raises(NotPermitted, match=needed):
            call(verb, granted)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "verb", [verb for verb in VERBS if NEEDED[verb.__module__] != MANAGE_ACCOUNT], ids=called
)
def test_that_permission_is_all_that_a_verb_begins_with(verb):
    """Else the refusals above would prove nothing: it goes on to its arguments, or to the database.

    An account's verbs need an administrator besides.
    """
    with pytest.raises(GOES_ON) as raised:
        call(verb, {NEEDED[verb.__module__]})

    assert not isinstance(raised.value, NotPermitted)


def test_what_a_route_asks_for_early_is_what_its_verbs_ask_for():
    """In the space API some leave it to the verb."""
    viewsets = {getattr(route.view, "cls", None) for route in every_route()}
    of_workspaces: dict[str, set[str]] = {}
    for viewset in viewsets - {None}:
        needs = viewset.permission_classes[0] if viewset.permission_classes else None
        if issubclass(viewset, AccountViewSet):
            of_workspaces.setdefault(viewset.__module__, set()).add(needs.write)
        elif issubclass(viewset, SpaceViewSet):
            early = {*needs.actions.values(), *({needs.write} - {needs.read})}
            assert early <= needed_in(viewset.__module__), viewset

    assert {name for name, early in of_workspaces.items() if not needed_in(name) <= early} == set()
    assert len(of_workspaces) > 10


def needed_in(module: str) -> set[str]:
    """What the verbs need that a module of routes uses."""
    inside = vars(importlib.import_module(module)).values()
    verbs = {one.__module__ for one in inside if inspect.isfunction(one)}
    verbs |= {one.__name__ for one in inside if inspect.ismodule(one)}
    needed = {NEEDED[verb] for verb in verbs if verb in NEEDED}
    return needed.union(*(needed_in(verb) for verb in verbs & THROUGH - {module}))


def test_verbs_of_the_deployment_are_called_by_commands_and_the_admin_only():
    wrong = []
    for path in (path for app in APPS for path in sorted((ROOT / app).rglob("*.py"))):
        relative = path.relative_to(ROOT)
        if any(relative.full_match(allowed) for allowed in MAY_CALL):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module in OF_THE_DEPLOYMENT:
                taken = {alias.name for alias in node.names} & OF_THE_DEPLOYMENT[node.module]
                wrong += [f"{relative} {name}" for name in sorted(taken)]

    assert wrong == []
