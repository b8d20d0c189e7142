"""Labels: what a valid one is, and how lists are filtered by them."""

import re
from collections.abc import Mapping

from objectives.spelling import without_nul
from spaces.errors import Invalid

MOST_LABELS = 64
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_DOMAIN = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*"
)


def check_labels(labels: Mapping[str, str], *loc: str) -> None:
    """Keys and values have the form of Kubernetes; raises Invalid naming the first that has not."""
    if len(labels) > MOST_LABELS:
        raise Invalid.field(*loc, msg=f"At most {MOST_LABELS} labels are kept.")
    for key, value in labels.items():
        prefix, slash, name = key.rpartition("/")
        if not _NAME.fullmatch(name) or (slash and not _DOMAIN.fullmatch(prefix)):
            raise Invalid.field(*loc, key[:200], msg="Not a label's key.")
        if value and not _NAME.fullmatch(value):
            raise Invalid.field(*loc, key, msg="Not a label's value.", value=value[:200])


def read_filter(text: str) -> dict[str, str]:
    """`k=v,k2=v2`, all of which must hold; raises Invalid for another form."""
    wanted = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key.strip():
            raise Invalid.field(
                "query", "labels", msg="Write labels as key=value,key=value.", value=text[:200]
            )
        wanted[key.strip()] = value.strip()
    return {without_nul(key): without_nul(value) for key, value in wanted.items()}


def check_external_id(external_id: str, *loc: str) -> None:
    """It goes into paths, so it holds no slash; raises Invalid."""
    if "/" in external_id:
        raise Invalid.field(*loc, msg="An external id holds no slash.", value=external_id[:200])
