"""The app of agents, objectives and tool calls."""

from importlib import import_module

from django.apps import AppConfig


class ObjectivesConfig(AppConfig):
    name = "objectives"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # By name: models cannot be imported before every app is loaded.
        import_module("objectives.run_registration").register()
        import_module("objectives.stream_registration").register()
