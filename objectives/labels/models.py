"""Labels on a model that decide what the API has no field for."""

from collections.abc import Mapping
from typing import Final

from executions.inference.media import MediaKind
from spaces.errors import Invalid

MEDIA_LABEL: Final = "callboard/media"
_MEDIA: Final[dict[str, frozenset[MediaKind]]] = {
    "none": frozenset(),
    "image": frozenset({"image"}),
    "audio": frozenset({"audio"}),
    "image-audio": frozenset({"image", "audio"}),
}


def check_model_labels(labels: Mapping[str, str], *loc: str) -> None:
    """Raises Invalid below `loc` for a label of ours with another value than it may have."""
    if MEDIA_LABEL in labels and labels[MEDIA_LABEL] not in _MEDIA:
        raise Invalid.field(*loc, MEDIA_LABEL, msg=f"Must be one of {', '.join(_MEDIA)}.")


def media_taken(labels: Mapping[str, str]) -> frozenset[MediaKind] | None:
    """The kinds of files that a model takes; None where no label says, and the model library has to know."""
    return _MEDIA.get(labels.get(MEDIA_LABEL, ""))
