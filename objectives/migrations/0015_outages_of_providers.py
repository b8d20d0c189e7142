"""Objectives say since when their provider is unavailable, and who took them up after a failure."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("objectives", "0014_endings_of_responses"),
        ("spaces", "0004_patience_with_providers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="objective",
            name="ask_not_before",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="objective",
            name="continued_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="objective",
            name="continued_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="objective",
            name="lost_worker_count",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="objective",
            name="next_try_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="objective",
            name="provider_message",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.AddField(
            model_name="objective",
            name="provider_unavailable_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="objective",
            name="error_type",
            field=models.CharField(
                blank=True,
                choices=[
                    ("model_error", "The language model did not answer"),
                    ("provider_unavailable", "Its model's provider was unavailable for too long"),
                    ("quota_exceeded", "The account at its model's provider is used up"),
                    ("budget_exceeded", "It cost more than allowed"),
                    ("iteration_limit", "It asked the model more often than allowed"),
                    ("tool_call_limit", "It called more tools than allowed"),
                    ("sub_objective_limit", "It started more sub-agents than allowed"),
                    ("worker_lost", "The worker that ran it vanished too often"),
                    ("configuration", "Its agent cannot be run as it is configured"),
                ],
                default="",
                max_length=30,
            ),
        ),
        migrations.AddConstraint(
            model_name="objective",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("next_try_at__isnull", True), ("provider_unavailable_since__isnull", True)),
                    models.Q(
                        ("next_try_at__isnull", False),
                        ("provider_unavailable_since__isnull", False),
                        ("state", "running"),
                    ),
                    _connector="OR",
                ),
                name="only_what_runs_waits_for_its_provider",
            ),
        ),
    ]
