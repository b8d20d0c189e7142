"""A sealed value belongs to its row: copied elsewhere it does not open, older ones are bound anew."""

import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.management import CommandError, call_command
from django.db.models import Model
from pydantic import SecretBytes, SecretStr

from executions.inference.errors import ModelRefused
from objectives.actions.accounts import account_secrets, rotate_challenge_token, rotate_webhook_secret
from objectives.actions.key_rotation import reseal_all
from objectives.actions.secrets import open_secrets
from objectives.encrypted_fields import (
    CHALLENGE_TOKENS,
    CREDENTIALS,
    PLACES,
    SECRETS,
    WEBHOOK_SECRETS,
    EncryptedField,
)
from objectives.encryption import BOUND, CannotOpen
from objectives.model_providers.selection import choice_of
from objectives.models import ProviderKey, Secret
from spaces.errors import NotReady
from spaces.models import Role, Space, Tenant
from tests.factories import Actor, make_actor
from tests.objectives.factories import (
    account_of,
    make_agent,
    make_model,
    make_objective,
    make_provider_key,
    make_secret,
    make_tool_set,
    make_variation,
)

pytestmark = pytest.mark.django_db
VALUE = "patient-walrus-8812"
KEY, KEY_ID = SecretBytes(b"k" * 32), "2025"


@pytest.fixture(autouse=True)
def one_key(settings):
    settings.ENCRYPTION_KEYS = {KEY_ID: KEY}


@pytest.fixture
def actors() -> list[Actor]:
    """The administrators of two accounts."""
    return [make_actor(role=Role.ADMIN), make_actor(role=Role.ADMIN)]


def row_of(place: EncryptedField, actor: Actor) -> Model:
    """A row of an actor's with VALUE sealed in it."""
    row: Model
    match place.model():
        case Secret():
            row = make_secret(space=actor.space, created_by=actor.principal)
        case ProviderKey():
            row = make_provider_key(space=actor.space)
        case _:
            row = actor.tenant
    place.seal(row, VALUE)
    row.save()
    return row


def copy(place: EncryptedField, source: Model, target: Model, into: EncryptedField | None = None) -> None:
    """Write one row's sealed value into another, as whoever reaches the database can."""
    setattr(target, (into or place).value, getattr(source, place.value))
    setattr(target, (into or place).key_id, getattr(source, place.key_id))
    target.save()


def seal_unbound(place: EncryptedField, row: Model, value: str) -> None:
    """Seal a value as it was done before values were bound."""
    nonce = os.urandom(12)
    sealed = nonce + AESGCM(KEY.get_secret_value()).encrypt(nonce, value.encode(), KEY_ID.encode())
    setattr(row, place.value, sealed)
    setattr(row, place.key_id, KEY_ID)
    row.save()


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_value_opens_in_its_own_row_only(place, actors):
    own, other = (row_of(place, actor) for actor in actors)
    copy(place, own, other)
    own.refresh_from_db()
    other.refresh_from_db()

    assert place.open(own) == VALUE
    with pytest.raises(CannotOpen, match="copied from elsewhere") as refused:
        place.open(other)
    assert VALUE not in str(refused.value)


def test_one_column_of_a_row_does_not_open_in_another(actors):
    tenant = row_of(WEBHOOK_SECRETS, actors[0])
    copy(WEBHOOK_SECRETS, tenant, tenant, into=CHALLENGE_TOKENS)

    with pytest.raises(CannotOpen):
        CHALLENGE_TOKENS.open(tenant)


def test_a_row_that_is_given_to_others_takes_no_value_along(actors):
    owner = {"space": actors[0].space, "created_by": actors[0].principal}
    tool_set = make_tool_set(**owner)
    changes = [{"space": actors[1].space}, {"tool_set": tool_set}]

    for number, change in enumerate(changes):
        Secret.objects.filter(pk=make_secret(**owner, name=f"S{number}").pk).update(**change)
    key = make_provider_key(space=actors[0].space, credential={"apiKey": VALUE})
    ProviderKey.objects.filter(pk=key.pk).update(space=actors[1].space)

    for row in Secret.objects.all():
        with pytest.raises(CannotOpen):
            SECRETS.open(row)
    with pytest.raises(CannotOpen):
        CREDENTIALS.open(ProviderKey.objects.get(pk=key.pk))


def test_the_mark_cannot_be_taken_off(actors):
    own, other = (row_of(SECRETS, actor) for actor in actors)
    for row in (own, other):
        row.sealed = bytes(own.sealed).removeprefix(BOUND)

        with pytest.raises(CannotOpen):
            SECRETS.open(row)


def test_secrets_of_objectives_are_bound_as_they_are_made(actors):
    agent = make_agent(space=actors[0].space, created_by=actors[0].principal)
    variation = make_variation(agent=agent)
    first, second = (make_objective(variation=variation, secrets=[("KEY", SecretStr(VALUE))]) for _ in "12")
    opened = open_secrets(first.space_id, None, first.pk, ["KEY"])

    copy(SECRETS, first.secrets.get(), second.secrets.get())

    assert opened["KEY"][0].get_secret_value() == VALUE
    with pytest.raises(CannotOpen):
        open_secrets(second.space_id, None, second.pk, ["KEY"])


def test_a_moved_value_is_refused_in_plain_words(actors):
    own, other = (make_provider_key(space=actor.space, credential={"apiKey": VALUE}) for actor in actors)
    copy(CREDENTIALS, own, other)
    for actor in actors:
        account_secrets(access=account_of(actor))  # made when first asked for
    tenants = [Tenant.objects.get(pk=actor.tenant.pk) for actor in actors]
    copy(WEBHOOK_SECRETS, *tenants)
    copy(CHALLENGE_TOKENS, *tenants)
    theirs = account_of(actors[1])

    with pytest.raises(ModelRefused, match="copied from elsewhere"):
        choice_of(make_model(provider_key=other), Space.objects.get(pk=other.space_id))
    with pytest.raises(NotReady, match="cannot be decrypted any more"):
        account_secrets(access=theirs)
    renewed = (rotate_webhook_secret(access=theirs), rotate_challenge_token(access=theirs))
    assert account_secrets(access=theirs) == renewed


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_an_older_value_opens_and_is_bound_by_resealing(place, actors):
    own, other = (row_of(place, actor) for actor in actors)
    seal_unbound(place, own, VALUE)
    own.refresh_from_db()
    opened, due = place.open(own), list(place.due())

    done = reseal_all()

    own.refresh_from_db()
    copy(place, own, other)
    assert (opened, due) == (VALUE, [own])
    assert sum(done.counts.values()) == done.counts[str(place)] == 1
    assert set(done.left.values()) == {0}
    assert place.open(own) == VALUE
    with pytest.raises(CannotOpen):
        place.open(other)


def test_how_many_are_left_is_said(actors, settings, capsys):
    own, moved = (row_of(SECRETS, actor) for actor in actors)
    copy(SECRETS, own, moved)
    unbound = make_secret(space=actors[0].space, created_by=actors[0].principal, name="OLDER")
    seal_unbound(SECRETS, unbound, VALUE)
    settings.ENCRYPTION_KEYS = {"2026": SecretBytes(b"n" * 32), **settings.ENCRYPTION_KEYS}

    with pytest.raises(CommandError, match="1 values"):
        call_command("reseal_secrets")

    shown = capsys.readouterr()
    assert "secrets: 2 sealed again with the key 2026, 1 left." in shown.out
    assert shown.err.startswith(f"secret {moved.pk}: ")
    assert VALUE not in shown.out + shown.err
