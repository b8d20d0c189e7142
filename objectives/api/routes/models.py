"""The routes of language models and of the keys through which they are reached."""

from typing import Any

from django.urls import path

from objectives.api.models import ModelViewSet
from objectives.api.provider_keys import ProviderKeyViewSet

_KEYS = "workspaces/<ref:workspace_id>/ai_provider_keys"
_KEY = f"{_KEYS}/<ref:provider_key_id>"
_MODELS = "workspaces/<ref:workspace_id>/models"
_MODEL = f"{_MODELS}/<ref:model_id>"
_ONE: Any = {"get": "retrieve", "patch": "update", "delete": "destroy"}

urlpatterns = [
    path(_KEYS, ProviderKeyViewSet.as_view({"get": "list", "post": "create"})),
    path(_KEY, ProviderKeyViewSet.as_view(_ONE)),
    path(f"{_KEY}/models", ModelViewSet.as_view({"post": "create"})),
    path(f"{_MODELS}:swapModelOnVariations", ModelViewSet.as_view({"post": "swap"})),
    path(_MODELS, ModelViewSet.as_view({"get": "list"})),
    path(f"{_MODEL}:enable", ModelViewSet.as_view({"post": "enable"})),
    path(f"{_MODEL}:disable", ModelViewSet.as_view({"post": "disable"})),
    path(_MODEL, ModelViewSet.as_view({"get": "retrieve", "patch": "update"})),
]
