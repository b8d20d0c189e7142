"""Importing skills through the admin: looked at first, then taken."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone

from executions.admin.bundle_form import BundleForm
from executions.catalog.importer import import_bundle
from executions.models import SkillVersion
from spaces.errors import Conflict

MOST_NAMED = 10  # imported skills that are told one by one


def import_found(request: HttpRequest, form: BundleForm) -> list[SkillVersion]:
    """Import what the valid form has found, and say so; what is refused is said too.

    An empty list where nothing was taken, and then the form says why.
    """
    tenant, version = form.cleaned_data["tenant"], form.cleaned_data["version"]
    done: list[tuple[SkillVersion, bool]] = []
    refused: list[str] = [
        f"{one.place} is refused: {problem}" for one in form.found for problem in one.problems
    ]
    for bundle in [one.bundle for one in form.found if one.bundle]:
        try:
            taken = import_bundle(
                bundle=bundle, tenant_id=tenant.id if tenant else None, now=timezone.now(), version=version
            )
            done.append(taken)
        except Conflict as error:
            refused.append(error.message)
    for reason in refused:
        messages.error(request, reason) if done else form.add_error("bundle", reason)
    _say(request, done)
    return [row for row, _ in done]


def _say(request: HttpRequest, done: list[tuple[SkillVersion, bool]]) -> None:
    for row, is_new in done[:MOST_NAMED]:
        what = "is imported." if is_new else "was imported before, with the same content."
        messages.success(request, f"{row} {what}")
    if len(done) > MOST_NAMED:
        messages.success(request, f"And {len(done) - MOST_NAMED} more.")
