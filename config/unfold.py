"""How the admin looks and what its menu holds."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

ICON = "admin/menu_icon.html"  # unfold's own is read out as a word


def _may_view(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


def _item(title: str, icon: str, app: str, model: str) -> dict[str, Any]:
    """A menu entry that only those see who may look at the model."""
    return {
        "title": title,
        "icon": icon,
        "icon_template": ICON,
        "link": reverse_lazy(f"admin:{app}_{model}_changelist"),
        "permission": _may_view(f"{app}.view_{model}"),
    }


def _is_tool_calls(request: HttpRequest) -> bool:
    """The queue has an entry of its own, though it stands below the same address."""
    path = request.path
    return path.startswith("/admin/objectives/toolcall/") and not path.endswith("/waiting/")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Callboard",
    "SITE_HEADER": "Callboard",
    "SITE_SUBHEADER": "Operators' desk",
    "SITE_URL": "/",
    "SITE_SYMBOL": "view_timeline",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _: static("callboard/icon.svg")}
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "LOGIN": {"form": "config.web.sign_in.AdminSignInForm"},
    "DASHBOARD_CALLBACK": "objectives.admin.dashboard.fill_dashboard",
    "STYLES": [
        lambda _: static("callboard/callboard.css"),
        lambda _: static("callboard/desk.css"),
        lambda _: static("callboard/objectives.css"),
    ],
    "SCRIPTS": [
        lambda _: static("callboard/confirm.js"),
        lambda _: static("callboard/names.js"),
    ],
    # One family of colours with the public pages (callboard.css): a slate with a teal accent.
    "COLORS": {
        "primary": {
            "50": "oklch(98.2% .016 184)",
            "100": "oklch(95.1% .044 182)",
            "200": "oklch(90.6% .083 181)",
            "300": "oklch(84.5% .119 181)",
            "400": "oklch(76.8% .122 182)",
            "500": "oklch(68.1% .115 184)",
            "600": "var(--cb-primary)",
            "700": "oklch(45.5% .078 188)",
            "800": "oklch(41.3% .068 190)",
            "900": "oklch(36.2% .056 192)",
            "950": "oklch(26.1% .044 194)",
        }
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "items": [
                    {
                        "title": "Desk",
                        "icon": "dashboard",
                        "icon_template": ICON,
                        "link": reverse_lazy("admin:index"),
                    },
                    {
                        "title": "Waits for people",
                        "icon": "front_hand",
                        "icon_template": ICON,
                        "link": reverse_lazy("admin:objectives_toolcall_waiting"),
                        "permission": _may_view("objectives.view_toolcall"),
                    },
                ],
            },
            {
                "title": "Work",
                "separator": True,
                "items": [
                    _item("Objectives", "flag", "objectives", "objective"),
                    {**_item("Tool calls", "build", "objectives", "toolcall"), "active": _is_tool_calls},
                    _item("Executions", "play_circle", "executions", "skillexecution"),
                    _item("Artifacts", "draft", "executions", "artifact"),
                    _item("Workers", "memory", "executions", "workernode"),
                ],
            },
            {
                "title": "Catalogue",
                "separator": True,
                "items": [
                    _item("Agents", "smart_toy", "objectives", "agent"),
                    _item("Variations", "alt_route", "objectives", "agentvariation"),
                    _item("Tool sets", "handyman", "objectives", "toolset"),
                    _item("Tools", "construction", "objectives", "tool"),
                    _item("Models", "neurology", "objectives", "languagemodel"),
                    _item("Provider keys", "vpn_key", "objectives", "providerkey"),
                    _item("Secrets", "lock", "objectives", "secret"),
                    _item("Skills", "extension", "executions", "skill"),
                    _item("Versions", "inventory_2", "executions", "skillversion"),
                ],
            },
            {
                "title": "Tenancy",
                "separator": True,
                "items": [
                    _item("Tenants", "domain", "spaces", "tenant"),
                    _item("Spaces", "workspaces", "spaces", "space"),
                    _item("Principals", "group", "spaces", "principal"),
                    _item("API keys", "key", "spaces", "apikey"),
                    _item("Uploaded files", "upload_file", "spaces", "uploadedfile"),
                    _item("Staff groups", "shield_person", "auth", "group"),
                ],
            },
        ],
    },
}
