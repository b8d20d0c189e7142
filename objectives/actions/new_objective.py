"""What somebody asks for who wants a new objective, and the request that says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from pydantic import SecretStr
from pydantic.alias_generators import to_camel

from objectives.actions.message_files import KeptFile
from objectives.ids import Json
from objectives.schemas.objectives import NewObjectiveBody
from objectives.validation.unbuilt import refuse_unbuilt

_UNBUILT = ("memory_cascade", "episodic_memory", "tenant", "subject")


@dataclass(frozen=True, kw_only=True)
class NewObjective:
    """What somebody asks for; agent and variation by id or `external_id:…`, "" for the agent's own choice."""

    agent: str
    variation: str = ""
    external_id: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    system_prompt_data: Mapping[str, Any] | None = None
    first_user_message: str = ""
    first_user_message_data: Mapping[str, Any] | None = None
    secrets: Sequence[tuple[str, SecretStr]] = ()
    pinned_parameters: Mapping[str, str] = field(default_factory=dict)
    is_chat: bool = False  # people go on with it for as long as they like
    files: Sequence[KeptFile] = ()  # sent along with the first message

    def opened(self) -> Json:
        """All of it as JSON, the values of secrets included: for digests only."""
        plain = {one.name: getattr(self, one.name) for one in fields(self)}
        for later in ("files", "is_chat"):  # digests of before these were there stay what they are
            if not plain[later]:
                del plain[later]
        return {**plain, "secrets": [(name, value.get_secret_value()) for name, value in self.secrets]}


def wanted_objective(body: NewObjectiveBody) -> NewObjective:
    """What a request asks for; raises Unimplemented naming a field that is not built."""
    for name in _UNBUILT:
        if (value := getattr(body, name)) is not None:
            refuse_unbuilt(value, "body", to_camel(name))
    return NewObjective(
        agent=body.agent_id,
        variation=body.variation_id,
        external_id=body.metadata.external_id,
        labels=body.metadata.labels,
        system_prompt_data=body.system_prompt_data,
        first_user_message=body.first_user_message,
        first_user_message_data=body.first_user_message_data,
        secrets=[(secret.name, secret.value) for secret in body.secrets],
        pinned_parameters=body.pinned_parameters,
    )
