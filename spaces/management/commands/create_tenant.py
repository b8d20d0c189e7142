"""`manage.py create_tenant`: a tenant with a space, an administrator and a key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from spaces.errors import DomainError
from spaces.tenants import found_tenant


class Command(BaseCommand):
    """Prints ids, password and key; the last two are kept nowhere else."""

    help = "Create a tenant, its first space, its administrator and a first API key."

    def add_arguments(self, parser: CommandParser) -> None:
        """Who it is for."""
        parser.add_argument("name", help="the tenant's name")
        parser.add_argument("--admin", required=True, metavar="EMAIL", help="the administrator's address")
        parser.add_argument("--space", default="Main", metavar="NAME", help="the first space's name (Main)")

    def handle(self, *args: Any, **options: Any) -> None:
        """One fact a line, so that scripts can read it."""
        try:
            founding = found_tenant(
                name=options["name"],
                admin_email=options["admin"],
                space_name=options["space"],
                now=timezone.now(),
            )
        except DomainError as refused:
            raise CommandError(refused.message) from refused
        self.stdout.write(f"tenant_id  {founding.tenant.id}")
        self.stdout.write(f"space_id   {founding.space.id}")
        self.stdout.write(f"admin      {founding.admin.email}")
        self.stdout.write(f"password   {founding.password}")
        self.stdout.write(f"api_key    {founding.token}")
        self.stderr.write("Password and key are shown this once and kept nowhere.")
