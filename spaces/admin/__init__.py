"""The operators' admin of tenants, spaces, people and machines, their keys and files."""

from django.contrib import admin

from spaces.admin import api_keys, files, groups, principals, tenants

__all__ = ["api_keys", "files", "groups", "principals", "tenants"]

admin.site.index_title = "Desk"
