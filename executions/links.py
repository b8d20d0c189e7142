"""Links by which whoever holds them may read an artifact's bytes for 15 minutes."""

import uuid

from spaces.signing import signed_path, verify

_KIND = "artifact"  # what its token is signed for


def artifact_link(space_id: uuid.UUID, artifact_id: uuid.UUID, *, base_url: str = "") -> str:
    """A link to an artifact's bytes; `base_url` is scheme and host, without it the link is of this host."""
    return base_url + signed_path("artifact-download", space_id, artifact_id, kind=_KIND)


def check_artifact_token(artifact_id: uuid.UUID, token: str) -> None:
    """Raises BadToken unless the token is of a link to this artifact that is not over."""
    verify(_KIND, artifact_id, token)
