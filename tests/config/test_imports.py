"""Modules that DRF's settings name can be the first to be imported."""

import pytest

from tests.config.test_checks import SOUND, python


@pytest.mark.parametrize("module", ["config.errors.handler", "config.web.rendering"])
def test_a_module_does_not_depend_on_who_was_imported_before_it(module):
    status, said = python("-c", f"import django; django.setup(); import {module}", **SOUND)

    assert (status, said) == (0, "")
