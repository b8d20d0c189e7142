"""A pytest plugin: where everything that tests need has to be there, a skipped test has failed."""

import os
from collections.abc import Generator

import pytest

ENDED = "{reason}\nWith CI=true no test is skipped for what is missing."


def is_complete() -> bool:
    """Whether this run has to be one of all tests: `.ci/run` says so."""
    return os.environ.get("CI", "").lower() in {"1", "true"}


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    said = report.longrepr
    return said[2].removeprefix("Skipped: ") if isinstance(said, tuple) else str(said)


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    report.outcome, report.longrepr = "failed", ENDED.format(reason=_reason(report))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # A mark says for which kind of machine a test is; what skips while it runs has missed something.
    by_kind = {mark.kwargs.get("reason") for mark in item.iter_markers("skipif")}
    if (
        report.skipped
        and is_complete()
        and not hasattr(report, "wasxfail")
        and _reason(report) not in by_kind
    ):
        _fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped and is_complete():
        _fail(report)
    return report
