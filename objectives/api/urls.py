"""The routes of the workspace API, below `/v1/`: one line a group."""

from django.urls import URLPattern, URLResolver

from objectives.api.routes import account, agents, models, not_built, objectives, older, tools, waiting

urlpatterns: list[URLPattern | URLResolver] = [
    *objectives.urlpatterns,  # first, since they are asked for most and found in this order
    *account.urlpatterns,
    *agents.urlpatterns,
    *models.urlpatterns,
    *older.urlpatterns,
    *tools.urlpatterns,
    *waiting.urlpatterns,
    *not_built.urlpatterns,
]
