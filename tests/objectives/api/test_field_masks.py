"""What the paths of an update mask mean."""

import pytest

from objectives.api.field_masks import Patch, changes
from objectives.ids import Prefix, spell
from objectives.schemas.metadata import ChangedResource
from objectives.schemas.variations import VariationSpec
from spaces.errors import Invalid
from spaces.models import Role
from tests.factories import make_actor
from tests.objectives.factories import make_agent
from tests.objectives.workspace_client import WorkspaceClient


class VariationPatch(Patch):
    spec: VariationSpec | None = None


@pytest.mark.parametrize(
    "path",
    ["metadata.labels.team", "spec.description.deeper", "spec.assignments.type", "spec.constraints.nothing",
     "spec.constraints.max_tool_calls.deeper", "spec..description", "spec.", "nothing", "metadata.id"],
)  # fmt: skip
def test_a_path_that_leads_nowhere_is_refused(path):
    patch = VariationPatch(
        metadata=ChangedResource(labels={"team": "a"}), update_mask=f"spec.description,{path}"
    )

    with pytest.raises(Invalid, match="Unknown path"):
        changes(patch, spec=VariationSpec)


@pytest.mark.parametrize(
    "path", ["spec.constraints.maxToolCalls", "spec.compaction_config.summarization.instructions"]
)
def test_a_path_into_a_nested_object_stands_for_the_whole_field(path):
    field = "constraints" if "constraints" in path else "compaction_config"

    assert changes(VariationPatch(update_mask=path), spec=VariationSpec) == {f"spec.{field}": None}


@pytest.mark.django_db
def test_one_label_cannot_be_masked_and_none_is_lost():
    actor = make_actor(role=Role.ADMIN)
    agent = make_agent(space=actor.space, created_by=actor.principal, labels={"a": "1", "b": "2"})
    api = WorkspaceClient(actor)

    refused = api.refused(
        "patch", f"/agents/{spell(Prefix.AGENT, agent.id)}", {"updateMask": "metadata.labels.a"}
    )

    assert refused[:2] == (400, 3)
    agent.refresh_from_db()
    assert agent.labels == {"a": "1", "b": "2"}


@pytest.mark.django_db
@pytest.mark.parametrize("labels", ["\0=a", "a=\0", "a\0=b\0,c=d"])
def test_a_nul_among_the_labels_of_a_filter_finds_nothing(labels):
    actor = make_actor()
    make_agent(space=actor.space, created_by=actor.principal, labels={"a": "1"})

    assert WorkspaceClient(actor).get("/agents", labels=labels)["items"] == []
