"""The app of the deployment itself: system checks and the commands that run it."""

from django.apps import AppConfig


class CallboardConfig(AppConfig):
    name = "config"
    label = "callboard"
    verbose_name = "Callboard"
