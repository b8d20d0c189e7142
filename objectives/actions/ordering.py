"""From the body that asks for an objective to what is asked for."""

from objectives.actions.creating import NewObjective
from objectives.checks.unbuilt import refuse_unbuilt
from objectives.shapes.objectives import NewObjectiveBody

NOT_BUILT = {
    "memory_cascade": "memoryCascade",
    "episodic_memory": "episodicMemory",
    "tenant": "tenant",
    "subject": "subject",
}


def wanted_objective(body: NewObjectiveBody) -> NewObjective:
    """What a request asks for; raises Unimplemented naming a field that is not built."""
    refuse_unbuilt(vars(body), NOT_BUILT, ["body"])
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
