"""How people sign in: the public page, the admin's form, and what both say to whoever guesses passwords."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from unfold.forms import AuthenticationForm as AdminForm

from config.web.lockout import PAUSE

SLOWED = (
    "Too many wrong passwords for this name from your address. "
    f"Wait {PAUSE.total_seconds() / 60:.0f} minutes, then try again."
)
LONGEST_NAME = 254  # of an email address, and of our column


class _Slowed:
    """A form that says so when it was not even looked whether the password is right."""

    request: HttpRequest | None
    cleaned_data: dict[str, str]

    def clean_username(self) -> str:
        """Django only tells browsers how long a name may be; a longer one is nobody's and is not counted."""
        name = self.cleaned_data["username"]
        if len(name) > LONGEST_NAME:
            raise self.get_invalid_login_error()
        return name

    def get_invalid_login_error(self) -> ValidationError:
        if getattr(self.request, "axes_locked_out", False):
            return ValidationError(SLOWED, code="slowed")
        error: ValidationError = super().get_invalid_login_error()  # type: ignore[misc]
        return error


class SignInForm(_Slowed, AuthenticationForm):
    """Of the public page."""


class AdminSignInForm(_Slowed, AdminForm):
    """Of the admin."""


class SignIn(LoginView):
    """Sessions for people, so that they can watch without a key."""

    template_name = "pages/sign_in.html"
    next_page = "landing"
    authentication_form = SignInForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return told_to_wait(request, super().dispatch(request, *args, **kwargs))


def admin_sign_in(request: HttpRequest) -> HttpResponseBase:
    """The admin's own sign-in page; who is signed in and may not come in is told so instead."""
    if request.method == "GET" and request.user.is_authenticated and not admin.site.has_permission(request):
        return render(request, "pages/not_staff.html", status=403)
    return told_to_wait(request, admin.site.login(request))


def told_to_wait(request: HttpRequest, page: HttpResponseBase) -> HttpResponseBase:
    """The sign-in page, a 429 where it says so.

    Decision: not by the middleware of django-axes, which in an asynchronous server takes the credentials
    for the page, and which would stand before every other request too.
    """
    if getattr(request, "axes_locked_out", False):
        page.status_code = 429
        page.headers["Retry-After"] = str(int(PAUSE.total_seconds()))
    return page
