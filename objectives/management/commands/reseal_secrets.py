"""Seal secrets and provider credentials under the newest encryption key, each for its row."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from objectives.actions.key_rotation import reseal_all
from objectives.encryption import newest_key_id


class Command(BaseCommand):
    help = (
        "Seals again, under the newest of ENCRYPTION_KEYS and bound to its row, what is not sealed so. "
        "Safe while serving."
    )

    def handle(self, **options: Any) -> None:
        done = reseal_all()
        for name, count in done.counts.items():
            line = f"{name}: {count} sealed again with the key {newest_key_id()}, {done.left[name]} left."
            self.stdout.write(line)
        for line in done.unopened:
            self.stderr.write(line)
        if done.unopened:
            raise CommandError(
                f"{len(done.unopened)} values cannot be opened: bring their keys back, or write them anew."
            )
