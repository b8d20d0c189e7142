"""The app of skills and their executions."""

from importlib import import_module

from django.apps import AppConfig


class ExecutionsConfig(AppConfig):
    name = "executions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # By name: models cannot be imported before every app is loaded.
        import_module("executions.stream_registration").register()
        import_module("executions.run_registration").register()
