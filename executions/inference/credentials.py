"""Keeping a provider's credential out of what its model says, and out of what is said about it."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from django.utils.crypto import salted_hmac
from pydantic import SecretStr
from pydantic_ai.messages import ModelResponse, TextPart

from executions.inference import transcript
from executions.inference.arguments import read_arguments
from executions.inference.choices import DEMO, ModelChoice
from executions.inference.interface import Message
from executions.redaction import Redaction

LEAST_CHARACTERS = 8  # no credential is shorter; `ollama` and `EMPTY` are what people give for none
_IN_ENVIRONMENT = re.compile(r"_(?:(?:API|ACCESS)_KEY(?:_ID)?|TOKEN(?:_BEDROCK)?)$")
# The library reads these, and they are never a provider's own words.
_FORM = frozenset({"kind", "part_kind", "timestamp", "state", "finish_reason"})


def identity_of(choice: ModelChoice) -> str:
    """As whom a choice's requests are made, where and under which guard: 64 hexadecimal digits.

    It may be stored: without the deployment's own secret nobody can try credentials out on it.
    """
    secrets = {
        "api_key": choice.api_key,
        **_of_clouds(choice),
        **{f"header {name}": value for name, value in choice.headers.items()},
    }
    known = {
        "key_id": choice.key_id and str(choice.key_id),
        "guarded": choice.is_guarded,
        "at": [choice.provider, choice.base_url, choice.project, choice.region],
        "secrets": {name: value.get_secret_value() for name, value in secrets.items() if value is not None},
    }
    written = json.dumps(known, sort_keys=True)
    return salted_hmac("executions.inference.credentials", written, algorithm="sha256").hexdigest()


def redaction_for(choice: ModelChoice) -> Redaction:
    """What nothing that comes from a model, or from its provider's client, may repeat."""
    known = {"api_key": choice.api_key, **_of_clouds(choice), **choice.headers}
    if choice.base_url and (password := urlsplit(choice.base_url).password):
        known["password"] = SecretStr(unquote(password))
    own = (choice.api_key, choice.service_account, choice.aws_key)
    if choice.provider != DEMO and all(one is None for one in own):
        # The library then takes what it needs from the worker's environment.
        in_environment = {name: value for name, value in os.environ.items() if _IN_ENVIRONMENT.search(name)}
        known |= {name: SecretStr(value) for name, value in in_environment.items()}
    return Redaction(
        {name: value for name, value in known.items() if value is not None and _is_secret(value, choice)}
    )


def without_credentials(response: ModelResponse, redaction: Redaction) -> ModelResponse:
    """The response with the names of secrets in place of their values, wherever they stand in it."""
    written = transcript.dump(response)
    if not redaction.is_in_json([written, *_across_texts(written)]):
        return response
    cleaned = {key: value if key in _FORM else redaction.of_json(value) for key, value in written.items()}
    cleaned["parts"] = [_part(part, redaction) for part in written["parts"]]
    if cleaned != written:
        (response,) = cast(list[ModelResponse], transcript.load([cleaned], instructions=""))
    return _texts_as_one(response, redaction)


def _across_texts(written: Message) -> Iterator[Any]:
    """Where a secret may stand that is in no text as it was written: in arguments, and across texts."""
    for part in written["parts"]:
        if isinstance(part.get("args"), str):
            with suppress(ValueError):
                yield read_arguments(part["args"])
    yield "".join(part["content"] for part in written["parts"] if part["part_kind"] == "text")


def _of_clouds(choice: ModelChoice) -> dict[str, SecretStr | None]:
    """The parts of a service account's document and of an access key."""
    known: dict[str, SecretStr | None] = {}
    if choice.service_account:
        document = choice.service_account.get_secret_value()
        known["service_account"] = choice.service_account
        with suppress(ValueError, TypeError, KeyError):
            known["private_key"] = SecretStr(str(json.loads(document)["private_key"]))
    if key := choice.aws_key:
        known["access_key_id"], known["secret_access_key"] = key.access_key_id, key.secret_access_key
        known["session_token"] = key.session_token
    return known


def _is_secret(value: SecretStr, choice: ModelChoice) -> bool:
    text = value.get_secret_value()
    return len(text) >= LEAST_CHARACTERS and text not in {choice.name, choice.provider}


def _part(part: dict[str, Any], redaction: Redaction) -> dict[str, Any]:
    cleaned = {key: value if key in _FORM else redaction.of_json(value) for key, value in part.items()}
    if isinstance(part.get("args"), str):
        cleaned["args"] = _arguments(part["args"], redaction)
    return cleaned


def _arguments(written: str, redaction: Redaction) -> str:
    """Arguments as the model wrote them; escapes that JSON has for any character hide no secret."""
    try:
        value = read_arguments(written)
    except ValueError:
        return redaction.of_text(written)
    cleaned = redaction.of_json(value)
    return redaction.of_text(written if cleaned == value else json.dumps(cleaned, ensure_ascii=False))


def _texts_as_one(response: ModelResponse, redaction: Redaction) -> ModelResponse:
    """Texts are read one after the other: a secret that begins in one may end in the next."""
    texts = [part.content for part in response.parts if isinstance(part, TextPart)]
    whole = redaction.of_text("".join(texts))
    if whole == "".join(texts):
        return response
    remaining = iter([whole, *("" for _ in texts[1:])])
    parts = [
        replace(part, content=next(remaining)) if isinstance(part, TextPart) else part
        for part in response.parts
    ]
    return replace(response, parts=parts)
