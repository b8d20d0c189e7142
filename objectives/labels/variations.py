"""Labels on a variation that decide what the API has no field for."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from spaces.errors import Invalid

BUDGET_LABEL = "callboard/cost-budget-usd"
SKILL_LABEL = "callboard/skill."  # and the skill's slug
SKILL_MODES = ("auto", "approval")


def check_variation_labels(labels: Mapping[str, str], *loc: str) -> None:
    """Raises Invalid below `loc` for a label of ours with another value than it may have."""
    for label, value in labels.items():
        if label == BUDGET_LABEL and not _is_amount(value):
            raise Invalid.field(*loc, label, msg="Must be an amount of US dollars, such as 0.50.")
        if label.startswith(SKILL_LABEL) and value not in SKILL_MODES:
            raise Invalid.field(*loc, label, msg=f"Must be {' or '.join(SKILL_MODES)}.")


def cost_budget(labels: Mapping[str, str], default: Decimal | None) -> Decimal | None:
    """US dollars that an objective may cost, everything that it starts included; None for no limit."""
    text = labels.get(BUDGET_LABEL, "")
    return Decimal(text) if _is_amount(text) else default


def skills_wanted(labels: Mapping[str, str]) -> dict[str, bool]:
    """The slugs of the skills that may be called, and whether somebody has to approve each call."""
    return {
        label.removeprefix(SKILL_LABEL): mode == "approval"
        for label, mode in sorted(labels.items())
        if label.startswith(SKILL_LABEL)
    }


def _is_amount(text: str) -> bool:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return False
    # As large and as fine as the column of an objective's budget is.
    return amount.is_finite() and 0 <= amount < 10**8 and amount == round(amount, 10)
