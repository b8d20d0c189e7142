"""Labels on a variation that decide what the API has no field for; `objectives.planning` acts on them."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from objectives.planning import BUDGET_LABEL, SKILL_LABEL
from spaces.errors import Invalid

SKILL_MODES = ("auto", "approval")


def check_variation_labels(labels: Mapping[str, str], *loc: str) -> None:
    """Raises Invalid below `loc` for a label of ours with another value than it may have."""
    for label, value in labels.items():
        if label == BUDGET_LABEL and not _is_amount(value):
            raise Invalid.field(*loc, label, msg="Must be an amount of US dollars, such as 0.50.")
        if label.startswith(SKILL_LABEL) and value not in SKILL_MODES:
            raise Invalid.field(*loc, label, msg=f"Must be {' or '.join(SKILL_MODES)}.")


def _is_amount(text: str) -> bool:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return False
    # As large and as fine as the column of an objective's budget is.
    return amount.is_finite() and 0 <= amount < 10**8 and amount == round(amount, 10)
