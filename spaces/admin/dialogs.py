"""The admin's verbs that are asked about first, and which of them a row still takes."""

from collections.abc import Collection
from typing import Any

from django.http import HttpRequest


def confirmation(title: str, description: str, button: str) -> dict[str, Any]:
    """What is asked before the action runs, for unfold's `@action(dialog=…)`; only a POST runs it."""
    return {"title": title, "description": description, "form_submit_text": button}


class FittingVerbs:
    """For pages of an admin class whose verbs do not always change something."""

    def fitting_verbs(self, object_id: str) -> Collection[str]:
        """The names of those verbs that would change this row."""
        raise NotImplementedError

    def get_actions_detail(self, request: HttpRequest, object_id: int | str) -> Any:
        """Only those are offered that change something; their addresses stay."""
        fitting = self.fitting_verbs(str(object_id))
        verbs = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        return [verb for verb in verbs if verb.method.original_function_name in fitting]
