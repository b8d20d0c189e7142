"""From the body that asks for an objective to what is asked for."""

from objectives.actions.creating import NewObjective
from objectives.shapes.objectives import NewObjectiveBody
from spaces.errors import Unimplemented

NOT_BUILT = ("memory_cascade", "episodic_memory", "tenant", "subject")


def wanted_objective(body: NewObjectiveBody) -> NewObjective:
    """What a request asks for; raises Unimplemented naming a field that is not built."""
    for name in NOT_BUILT:
        if getattr(body, name):
            raise Unimplemented(f"{NewObjectiveBody.model_fields[name].alias or name} is not built.")
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
