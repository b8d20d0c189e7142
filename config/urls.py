"""Every HTTP route."""

from django.contrib import admin
from django.urls import include, path

from config import documents, fallbacks, health, pages, signing_in

api = [path("", include("executions.api.urls")), path("", include("objectives.api.urls"))]
urlpatterns = [
    *documents.urlpatterns,
    # A web application's own proxy in front of the API puts this before every path. Links go without it: of
    # two routes of one name, they lead to the latter.
    path("api-proxy/v1/", include(api)),
    path("v1/", include(api)),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("admin/login/", signing_in.admin_sign_in),  # before the admin's own, to which links lead by name
    path("admin/", admin.site.urls),
    *pages.urlpatterns,
]
handler400 = fallbacks.bad_request
handler403 = fallbacks.forbidden
handler404 = fallbacks.not_found
handler500 = fallbacks.server_error
