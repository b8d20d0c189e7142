"""Sealing and opening: which key seals, which open, and that nothing shows a value."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import BinaryField
from pydantic import SecretBytes

from objectives.actions.accounts import account_secrets
from objectives.actions.key_rotation import Resealed, reseal_all
from objectives.encrypted_fields import PLACES, SECRETS
from objectives.encryption import CannotOpen, newest_key_id, open_sealed, seal
from objectives.models import Provider, ProviderKey, Secret
from spaces.models import Role
from tests.factories import NOW, Actor, make_actor
from tests.objectives.factories import account_of, make_provider_key, make_secret

VALUE, HERE = "correct-horse-battery", "a row"
DIGESTS = {
    "spaces.ApiKey.digest",
    "spaces.Ticket.digest",
    "spaces.UsedKey.key_digest",
    "spaces.UsedKey.request_digest",
    "executions.SkillExecution.dispatch_key",
    "executions.SkillExecution.idempotency_digest",
    "executions.SkillExecution.request_digest",
}
OLD, NEW = SecretBytes(b"o" * 32), SecretBytes(b"n" * 32)


@pytest.fixture
def admin() -> Actor:
    return make_actor(role=Role.ADMIN)


def test_a_value_is_sealed_by_a_key_derived_from_the_secret_key(settings):
    settings.ENCRYPTION_KEYS = {}

    first, second = seal(VALUE, bound_to=HERE), seal(VALUE, bound_to=HERE)

    assert open_sealed(*first, bound_to=HERE) == open_sealed(*second, bound_to=HERE) == VALUE
    assert first.key_id.startswith("derived-")
    assert first.sealed != second.sealed
    assert VALUE.encode() not in first.sealed


def test_the_newest_key_seals_and_older_ones_open(settings):
    settings.ENCRYPTION_KEYS = {}
    derived = seal(VALUE, bound_to=HERE)
    settings.ENCRYPTION_KEYS = {"2025": OLD}
    old = seal(VALUE, bound_to=HERE)
    settings.ENCRYPTION_KEYS = {"2026": NEW, "2025": OLD}
    new = seal(VALUE, bound_to=HERE)

    assert [one.key_id for one in (old, new)] == ["2025", "2026"]
    assert [open_sealed(*one, bound_to=HERE) for one in (derived, old, new)] == [VALUE] * 3


def test_a_fallback_of_the_secret_key_still_opens(settings):
    settings.ENCRYPTION_KEYS, settings.SECRET_KEY = {}, "the one of last year"
    sealed = seal(VALUE, bound_to=HERE)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the one of now", ["the one of last year"]

    assert open_sealed(*sealed, bound_to=HERE) == VALUE
    assert newest_key_id() != sealed.key_id


def test_an_unknown_key_is_named_and_an_altered_value_is_refused(settings):
    settings.ENCRYPTION_KEYS = {"2026": NEW, "2025": OLD}
    content, key_id = seal(VALUE, bound_to=HERE)

    with pytest.raises(CannotOpen, match="'2019'"):
        open_sealed(content, "2019", bound_to=HERE)
    with pytest.raises(CannotOpen, match="altered"):
        open_sealed(content[:-1] + bytes([content[-1] ^ 1]), key_id, bound_to=HERE)
    with pytest.raises(CannotOpen, match="altered"):
        open_sealed(content, "2025", bound_to=HERE)
    with pytest.raises(CannotOpen, match="altered"):
        open_sealed(b"", key_id, bound_to=HERE)


def test_a_listing_of_the_settings_shows_no_key(settings, capsys):
    settings.ENCRYPTION_KEYS = {"2026": NEW}

    call_command("diffsettings")

    shown = capsys.readouterr().out
    assert "ENCRYPTION_KEYS = {'2026':" in shown
    assert "nnnn" not in shown


@pytest.mark.django_db
def test_resealing_brings_everything_under_the_newest_key(settings, admin, capsys):
    settings.ENCRYPTION_KEYS = {"2025": OLD}
    owner = {"space": admin.space, "created_by": admin.principal}
    for number in range(5):
        make_secret(**owner, name=f"S{number}", value=f"{VALUE}-{number}")
    make_provider_key(**owner, credential={"apiKey": VALUE})
    ProviderKey.objects.create(**owner, created_at=NOW, name="none", provider=Provider.BUILT_IN)
    account = account_secrets(access=account_of(admin))
    settings.ENCRYPTION_KEYS = {"2026": NEW, "2025": OLD}
    make_secret(**owner, name="NEWER", value=VALUE)

    done = reseal_all(batch=2)
    settings.ENCRYPTION_KEYS = {"2026": NEW}

    assert done.counts == {
        "secrets": 5,
        "provider keys": 1,
        "tenants (webhook secret)": 1,
        "tenants (challenge token)": 1,
    }
    assert account_secrets(access=account_of(admin)) == account
    assert {SECRETS.open(row) for row in Secret.objects.all()} == {
        VALUE,
        *(f"{VALUE}-{number}" for number in range(5)),
    }
    call_command("reseal_secrets")
    assert "secrets: 0 sealed again with the key 2026, 0 left." in capsys.readouterr().out


def test_every_binary_column_is_resealed_or_known_to_hold_no_secret():
    columns = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, BinaryField)
    }
    resealed = {f"{place.model._meta.label}.{place.value}" for place in PLACES}

    assert columns - resealed == DIGESTS
    assert resealed <= columns


@pytest.mark.django_db
def test_resealing_names_what_it_cannot_open_and_does_the_rest(settings, admin, capsys):
    owner = {"space": admin.space, "created_by": admin.principal}
    settings.ENCRYPTION_KEYS = {"2019": SecretBytes(os.urandom(32))}
    lost = make_secret(**owner, name="LOST")
    settings.ENCRYPTION_KEYS = {"2025": OLD}
    make_secret(**owner, name="KEPT")
    settings.ENCRYPTION_KEYS = {"2026": NEW, "2025": OLD}

    with pytest.raises(CommandError, match="1 values cannot be opened"):
        call_command("reseal_secrets")

    assert f"secret {lost.pk}: This value is encrypted with the key '2019'" in capsys.readouterr().err
    assert set(Secret.objects.values_list("name", "sealed_with")) == {("LOST", "2019"), ("KEPT", "2026")}


@pytest.mark.django_db(transaction=True)
def test_a_value_that_is_written_while_others_are_resealed_stays(settings, admin):
    settings.ENCRYPTION_KEYS = {"2025": OLD}
    row = make_secret(space=admin.space, created_by=admin.principal, value="before")
    settings.ENCRYPTION_KEYS = {"2026": NEW, "2025": OLD}

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        locked = Secret.objects.select_for_update(no_key=True).get(pk=row.pk)
        resealing = pool.submit(closing(reseal_all))
        with pytest.raises(TimeoutError):
            resealing.result(0.5)  # it waits for the row
        SECRETS.seal(locked, "after")
        locked.save()
        transaction.on_commit(lambda: resealing.result(10))

    row.refresh_from_db()
    assert SECRETS.open(row) == "after"
    assert resealing.result().counts["secrets"] == 0


def closing(work: Callable[[], Resealed]) -> Callable[[], Resealed]:
    """The work, after which its thread's connection is closed."""

    def done() -> Resealed:
        try:
            return work()
        finally:
            connection.close()

    return done
