"""Operations of migrations."""

from collections.abc import Sequence
from typing import Any, override

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import CreateModel
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ProjectState


class CreateModels(Operation):
    """Make all models of an app at once.

    Models that are made one after another are rendered again for each that comes, with all that they relate to,
    which is most of a migration's time. These are rendered once, when all are known.
    """

    category = OperationCategory.ADDITION

    def __init__(self, models: Sequence[CreateModel]) -> None:
        self.models = models

    @override
    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        state.__dict__.pop(
            "apps", None
        )  # else each model would be rendered on its own: made again when asked for
        for model in self.models:
            model.state_forwards(app_label, state)

    @override
    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, *states: Any
    ) -> None:
        for model in self.models:
            model.database_forwards(app_label, schema_editor, *states)

    @override
    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, *states: Any
    ) -> None:
        for model in reversed(self.models):
            model.database_backwards(app_label, schema_editor, *states)

    @override
    def describe(self) -> str:
        return "Create models " + ", ".join(model.name for model in self.models)
