"""`create_tenant` founds a tenant whose printed key and password work at once."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from executions.catalog.manifest import TOOLS
from spaces.keys import caller_of_token
from spaces.models import Principal, Space, Tenant
from spaces.tenants import EVERY_TOOL

pytestmark = pytest.mark.django_db


def create(*arguments: str) -> dict[str, str]:
    """What the command prints, by name."""
    out = StringIO()
    call_command("create_tenant", *arguments, stdout=out, stderr=StringIO())
    return dict(line.split(maxsplit=1) for line in out.getvalue().splitlines())


def test_the_printed_key_administers_the_printed_space():
    printed = create("Acme", "--admin", "ada@example.com", "--space", "Lab")

    space = Space.objects.get(pk=printed["space_id"])
    access = caller_of_token(printed["api_key"], now=timezone.now()).access(space.id)
    assert (str(space.tenant_id), space.tenant.name, space.name) == (printed["tenant_id"], "Acme", "Lab")
    assert access.require("keys:manage")


def test_the_printed_password_is_the_administrators():
    printed = create("Acme", "--admin", "ada@example.com")

    admin = Principal.objects.get(email="ada@example.com")
    assert admin.check_password(printed["password"])
    assert not admin.is_staff


def test_the_first_space_permits_every_tool_that_a_skill_may_ask_for():
    printed = create("Acme", "--admin", "ada@example.com")

    assert set(EVERY_TOOL) == TOOLS
    assert set(Space.objects.get(pk=printed["space_id"]).permitted_tools) == TOOLS


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("Acme", "--admin", "no address"), "e-mail"),
        (("Acme", "--admin", "taken@example.com"), "belongs to somebody"),
        (("Acme", "--admin", "TAKEN@example.com"), "belongs to somebody"),
        ((" ", "--admin", "a@example.com"), "name"),
        (("Acme", "--admin", "a@example.com", "--space", "x" * 201), "space"),
    ],
)
def test_what_cannot_be_founded_is_named_and_leaves_nothing(arguments: tuple[str, ...], told: str):
    create("First", "--admin", "taken@example.com")

    with pytest.raises(CommandError, match=told):
        create(*arguments)

    assert Tenant.objects.count() == 1
