"""The routes that belong to a caller, not to a space."""

from django.urls import URLPattern, path

from spaces.api.files import FileViewSet
from spaces.api.tickets import TicketViewSet

urlpatterns: list[URLPattern] = [
    path("files/", FileViewSet.as_view({"post": "create"})),
    path("tickets", TicketViewSet.as_view({"post": "create"})),
]
