"""Every HTTP route."""

from django.contrib import admin
from django.urls import include, path

from config.errors import fallback_views
from config.openapi import views
from config.web import health, pages, sign_in
from executions.api.urls import urlpatterns as space_api
from objectives.api.urls import urlpatterns as workspace_api
from objectives.chat.urls import urlpatterns as chat_api

api = [*space_api, *chat_api, *workspace_api]
urlpatterns = [
    *views.urlpatterns,
    # A web application's own proxy in front of the API puts this before every path. Links go without it: of
    # two routes of one name, they lead to the latter.
    path("api-proxy/v1/", include(api)),
    path("v1/", include(api)),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("admin/login/", sign_in.admin_sign_in),  # before the admin's own, to which links lead by name
    path("admin/", admin.site.urls),
    *pages.urlpatterns,
]
handler400 = fallback_views.bad_request
handler403 = fallback_views.forbidden
handler404 = fallback_views.not_found
handler500 = fallback_views.server_error
