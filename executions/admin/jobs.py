"""Keeps the job queue's own tables out of the admin.

Their pages count whole tables and offer to change jobs; the execution and its head are the truth,
and what is to be done about a run is done there.
"""

from django.contrib import admin
from procrastinate.contrib.django.models import ProcrastinateJob

if admin.site.is_registered(ProcrastinateJob):
    admin.site.unregister(ProcrastinateJob)
