"""Groups of staff, whose members work with Django permissions instead of as operators."""

from typing import ClassVar

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group
from unfold.admin import ModelAdmin

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """Django's own, drawn like the rest."""

    search_fields: ClassVar[tuple[str, ...]] = ("name",)
    ordering = ("name",)
