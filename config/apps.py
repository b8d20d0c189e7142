"""The app of the deployment itself: system checks and the commands that run it."""

from django.apps import AppConfig

from config.checks import register_checks


class CallboardConfig(AppConfig):
    name = "config"
    label = "callboard"
    verbose_name = "Callboard"

    def ready(self) -> None:
        register_checks()
