"""No table of ours draws its numbers from a sequence, which all shards of a database would have to share."""

from django.apps import apps
from django.db.models import AutoField

OURS = ("spaces", "executions", "objectives")


def test_no_model_numbers_its_rows_across_all_spaces() -> None:
    models = [model for app in OURS for model in apps.get_app_config(app).get_models()]

    numbered = [
        str(field) for model in models for field in model._meta.local_fields if isinstance(field, AutoField)
    ]

    assert len(models) > 30
    assert numbered == []
