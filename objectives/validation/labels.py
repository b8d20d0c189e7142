"""Labels: what a valid one is, how lists are filtered by them, and those that stand for a setting.

Decision: what the API has no field for is said by a label that begins with `callboard/`, on a tool, a
variation or a model. A wrong value is refused when it is written.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from executions.inference.media import MediaKind
from objectives.ids import without_nul
from spaces.errors import Invalid

MOST_LABELS = 64
MEDIA_LABEL: Final = "callboard/media"
EXPIRES_LABEL: Final = "callboard/approval-expires"
DEFAULT_LABEL: Final = "callboard/approval-default"
SAFE_LABEL: Final = "callboard/safe-to-repeat"
BUDGET_LABEL: Final = "callboard/cost-budget-usd"
SKILL_LABEL: Final = "callboard/skill."  # and the skill's slug
SKILL_MODES: Final = ("auto", "approval", "read")
MOST_EXPIRY_SECONDS = 10 * 365 * 86_400
_MEDIA: Final[dict[str, frozenset[MediaKind]]] = {
    "none": frozenset(),
    "image": frozenset({"image"}),
    "audio": frozenset({"audio"}),
    "image-audio": frozenset({"image", "audio"}),
}
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_DOMAIN = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*"
)


@dataclass(frozen=True)
class ToolRules:
    """What the labels of a tool say; a label that is absent leaves the default.

    `approval_expires_seconds` None means that an approval waits for ever, `is_safe_to_repeat` None that the
    tool itself tells (a GET is).
    """

    approval_expires_seconds: float | None = None
    approval_default: str = "deny"
    is_safe_to_repeat: bool | None = None


def check_labels(labels: Mapping[str, str], *loc: str | int) -> None:
    """Keys and values have the form of Kubernetes; raises Invalid naming the first that has not."""
    if len(labels) > MOST_LABELS:
        raise Invalid.field(*loc, msg=f"At most {MOST_LABELS} labels are allowed.")
    for key, value in labels.items():
        prefix, slash, name = key.rpartition("/")
        if not _NAME.fullmatch(name) or (slash and not _DOMAIN.fullmatch(prefix)):
            raise Invalid.field(*loc, key[:200], msg="Invalid label key.")
        if value and not _NAME.fullmatch(value):
            raise Invalid.field(*loc, key, msg="Invalid label value.", value=value[:200])


def check_external_id(external_id: str, *loc: str | int) -> None:
    """It goes into paths, so it holds no slash; raises Invalid."""
    if "/" in external_id:
        raise Invalid.field(*loc, msg="An external id cannot contain a slash.", value=external_id[:200])


def read_filter(text: str) -> dict[str, str]:
    """`k=v,k2=v2`, all of which must hold; raises Invalid for another form."""
    wanted = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key.strip():
            message = "Write labels as key=value,key=value."
            raise Invalid.field("query", "labels", msg=message, value=text[:200])
        wanted[without_nul(key.strip())] = without_nul(value.strip())
    return wanted


def check_model_labels(labels: Mapping[str, str], *loc: str | int) -> None:
    """Raises Invalid below `loc` for a label of ours with another value than it may have."""
    if MEDIA_LABEL in labels and labels[MEDIA_LABEL] not in _MEDIA:
        raise Invalid.field(*loc, MEDIA_LABEL, msg=f"Must be one of {', '.join(_MEDIA)}.")


def check_variation_labels(labels: Mapping[str, str], *loc: str | int) -> None:
    """The same of a variation's."""
    for label, value in labels.items():
        if label == BUDGET_LABEL and not _is_amount(value):
            raise Invalid.field(*loc, label, msg="Must be an amount of US dollars, such as 0.50.")
        if label.startswith(SKILL_LABEL) and value not in SKILL_MODES:
            raise Invalid.field(*loc, label, msg=f"Must be one of {', '.join(SKILL_MODES)}.")


def media_taken(labels: Mapping[str, str]) -> frozenset[MediaKind] | None:
    """The kinds of files that a model takes; None where no label says, and the model library has to know."""
    return _MEDIA.get(labels.get(MEDIA_LABEL, ""))


def read_tool_labels(labels: Mapping[str, str], *loc: str | int) -> ToolRules:
    """The rules of a tool; raises Invalid below `loc` for a label of ours with a wrong value."""
    default, safe = labels.get(DEFAULT_LABEL, "deny"), labels.get(SAFE_LABEL)
    if default not in {"deny", "approve"}:
        raise Invalid.field(*loc, DEFAULT_LABEL, msg="Must be deny or approve.")
    if safe not in {None, "true", "false"}:
        raise Invalid.field(*loc, SAFE_LABEL, msg="Must be true or false.")
    expires = _expiry(labels[EXPIRES_LABEL], *loc) if EXPIRES_LABEL in labels else None
    return ToolRules(expires, default, None if safe is None else safe == "true")


def cost_budget(labels: Mapping[str, str], default: Decimal | None) -> Decimal | None:
    """US dollars that an objective may cost, everything that it starts included; None for no limit."""
    text = labels.get(BUDGET_LABEL, "")
    return Decimal(text) if _is_amount(text) else default


def skills_wanted(labels: Mapping[str, str]) -> dict[str, str]:
    """The mode of each skill by its slug: it is called by itself, once somebody approves, or read."""
    return {
        label.removeprefix(SKILL_LABEL): mode
        for label, mode in sorted(labels.items())
        if label.startswith(SKILL_LABEL)
    }


def _expiry(text: str, *loc: str | int) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= MOST_EXPIRY_SECONDS:  # which "nan" is not either
        raise Invalid.field(*loc, EXPIRES_LABEL, msg="Must be a number of seconds above 0.")
    return seconds


def _is_amount(text: str) -> bool:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return False
    # As large and as fine as the column of an objective's budget is.
    return amount.is_finite() and 0 <= amount < 10**8 and amount == round(amount, 10)
