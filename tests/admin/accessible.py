"""What axe-core finds wrong on a page, by the rules of WCAG 2.2 AA."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OPTIONS = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
GRAVE = {"serious", "critical"}
# Nothing is judged in the midst of a fade.
STILL = """
Promise.allSettled(document.getAnimations()
  .filter((one) => one.effect.getComputedTiming().endTime < Infinity)
  .map((one) => one.finished))
"""


def barriers(page: Page) -> list[str]:
    """One line for each element that keeps somebody from reading or using the page."""
    page.emulate_media(reduced_motion="reduce")
    page.evaluate(STILL)
    violations: list[dict[str, Any]] = Axe().run(page, options=OPTIONS).response["violations"]
    return [
        f"{page.url}: {violation['id']}: {node['html'][:200]}: {_why(node)}"
        for violation in violations
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]


def _why(node: dict[str, Any]) -> str:
    return "; ".join(check["message"] for check in (*node["any"], *node["all"], *node["none"]))
