"""The routes above all workspaces: who calls, the account, its keys, its workspaces."""

from typing import Any

from django.urls import path

from objectives.api.accounts import TheAccountViewSet
from objectives.api.api_keys import ApiKeyViewSet
from objectives.api.profiles import ProfileViewSet
from objectives.api.workspace_list import WorkspaceListViewSet

_KEYS = "account/api_keys"
_KEY = f"{_KEYS}/<ref:key_id>"
_ONE: Any = {"get": "retrieve", "patch": "update", "delete": "destroy"}
_VERBS = {
    "enable": "enable",
    "disable": "disable",
    "rotate": "rotate",
    "reveal": "reveal",
    "addWorkspace": "add_workspace",
    "removeWorkspace": "remove_workspace",
}

urlpatterns = [
    path("whoami", ProfileViewSet.as_view({"get": "whoami"})),
    path("workspaces", WorkspaceListViewSet.as_view({"get": "list"})),
    path("account", TheAccountViewSet.as_view({"get": "retrieve"})),
    path("account:rotateChallengeToken", TheAccountViewSet.as_view({"post": "rotate_challenge"})),
    path("account:rotateWebhookSigningKey", TheAccountViewSet.as_view({"post": "rotate_webhook"})),
    path(_KEYS, ApiKeyViewSet.as_view({"get": "list", "post": "create"})),
    *(path(f"{_KEY}:{verb}", ApiKeyViewSet.as_view({"post": action})) for verb, action in _VERBS.items()),
    path(_KEY, ApiKeyViewSet.as_view(_ONE)),
]
