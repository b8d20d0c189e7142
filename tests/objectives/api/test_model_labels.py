"""The label that says what pictures and sounds a workspace's model takes."""

import pytest

from executions.inference.attachments import fitted
from executions.inference.media import media_in
from executions.inference.token_usage import tokens_asked
from objectives.model_providers.selection import choice_of
from objectives.models import LanguageModel
from spaces.models import Role
from tests.executions.inference.asking import make_request
from tests.executions.inference.test_media import PNG, WAV, kept, talk
from tests.factories import make_actor
from tests.objectives.factories import make_model, make_provider_key
from tests.objectives.workspace_client import WorkspaceClient

pytestmark = pytest.mark.django_db
LABEL = "callboard/media"


@pytest.fixture
def api():
    return WorkspaceClient(make_actor(role=Role.ADMIN))


def request_to(model):
    """A request with a picture and a sound in a result."""
    choice = choice_of(model, model.space)
    return make_request(model=choice, messages=talk("Here:", kept(PNG), kept(WAV, "audio/wav"))), choice


def labelled(label):
    key = make_provider_key(
        credential={"apiKey": "sk-1"},
        config={"type": "openaiCompatible", "openaiCompatible": {"baseUrl": "https://models.example.com/v1"}},
    )
    return make_model(provider_key=key, labels={LABEL: label} if label else {})


@pytest.mark.parametrize("value", ["video", "image audio", "Image", ""])
def test_another_value_is_refused_with_the_labels_name(api, value):
    make_provider_key(space=api.actor.space, external_id="own")
    path, spec = "/ai_provider_keys/external_id:own/models", {"providerModelId": "small-1"}
    good = {"name": "M", "externalId": "m", "labels": {LABEL: "image-audio", "team": "north"}}
    made = api.post(path, {"metadata": good, "spec": spec})
    wrong = {"name": "N", "externalId": "n", "labels": {LABEL: value}}

    refusals = [
        api.refused("post", path, {"metadata": wrong, "spec": spec}),
        api.refused("patch", f"/models/{made['metadata']['id']}", {"metadata": wrong}),
    ]

    for status, code, message in refusals:
        assert (status, code) == (400, 3)
        assert message.startswith(f"metadata.labels.{LABEL}: ")
    assert LanguageModel.objects.get(provider_key__external_id="own").labels == good["labels"]


@pytest.mark.parametrize(
    ("label", "kinds"),
    [
        ("image", ["image"]),
        ("audio", ["audio"]),
        ("image-audio", ["image", "audio"]),
        ("none", []),
        (None, ["image"]),
    ],
)
def test_a_request_takes_and_weighs_what_the_label_says(label, kinds):
    request, choice = request_to(labelled(label))

    sent = fitted(request, choice)

    assert [media.kind for media in media_in(sent.messages)] == kinds
    weighed = tokens_asked(request) - tokens_asked(sent)
    assert weighed == sum(one.tokens for one in media_in(request.messages) if one.kind not in kinds)
