"""Tests of `manage.py demo`."""
