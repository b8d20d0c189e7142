"""data-report calls the other skills and shows what they found on one page."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.executions.bundles.script_play import ORDERS, SAMPLES, Play, play, valid_outputs


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Play:
    folder = tmp_path_factory.mktemp("report")
    (folder / "empty.csv").write_bytes(b"")
    (folder / "photo.jpg").write_bytes(b"\xff\xd8")
    files = (
        ORDERS,
        SAMPLES / "manual.pdf",
        SAMPLES / "locked.pdf",
        folder / "empty.csv",
        folder / "photo.jpg",
    )
    inputs = {"title": "Orders <script>alert(1)</script> & more", "note": 'First.\n\n"Second".'}
    return play("data-report", folder / "ws", inputs=inputs, files=files)


def page(played: Play) -> str:
    return (played.workspace / "outputs/report.html").read_text("utf-8")


def test_each_file_is_given_to_the_skill_for_its_kind(report: Play) -> None:
    calls = [(call["call_key"], call["skill"], call["files"]) for call in report.of_type("call_skill")]

    assert calls == [
        ("file-1", "csv-profile", ["inputs/materials/orders.csv"]),
        ("file-2", "document-text", ["inputs/materials/manual.pdf"]),
        ("file-3", "document-text", ["inputs/materials/locked.pdf"]),
        ("file-4", "csv-profile", ["inputs/materials/empty.csv"]),
    ]


def test_failures_are_sections_and_do_not_fail_the_report(report: Play) -> None:
    outputs = valid_outputs("data-report", report)

    assert [(each["file"], each["state"]) for each in outputs["sections"]] == [
        ("orders.csv", "succeeded"),
        ("manual.pdf", "succeeded"),
        ("locked.pdf", "failed"),
        ("empty.csv", "failed"),
    ]
    assert (
        outputs["succeeded_count"],
        outputs["failed_count"],
        [each["file"] for each in outputs["skipped"]],
    ) == (2, 2, ["photo.jpg"])
    assert "The PDF is encrypted: it needs a password." in page(report)
    assert "photo.jpg" in page(report)


def test_the_page_is_one_file_without_anything_fetched_or_run(report: Play) -> None:
    found = Elements(page(report))

    assert [source[:22] for source in found.sources] == ["data:image/png;base64,"]
    assert all(target.startswith("#file-") for target in found.targets)
    assert found.names.isdisjoint({"script", "link", "iframe", "object", "form"})
    assert "default-src 'none'" in page(report)


def test_the_page_is_well_formed(report: Play) -> None:
    assert Elements(page(report)).open == []


def test_what_people_wrote_is_text_and_not_markup(report: Play) -> None:
    assert "<h1>Orders &lt;script&gt;alert(1)&lt;/script&gt; &amp; more</h1>" in page(report)
    assert '<p class="note">&quot;Second&quot;.</p>' in page(report)


def test_tables_and_documents_are_shown(report: Play) -> None:
    text = re.sub(r"<[^>]+>", " ", page(report))

    assert "1,493" in text
    assert "Columns that move together" in text
    assert "Grinder manual" in text
    assert "Never put the burrs into a dishwasher." in text


def test_the_report_fails_if_every_file_did(tmp_path: Path) -> None:
    played = play("data-report", tmp_path / "ws", files=(SAMPLES / "locked.pdf",))

    assert played.exit_status == 1
    assert played.of_type("error")[0]["details"]["files"][0]["headline"].startswith("The PDF is encrypted")
    assert played.artifacts == ["outputs/report.html"]


def test_without_a_known_file_there_is_no_report(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"x")

    played = play("data-report", tmp_path / "ws", files=(photo,))

    assert played.of_type("error")[0]["details"] == {
        "skipped": [{"file": "photo.jpg", "reason": "It is a picture, which is not read."}]
    }


class Elements(HTMLParser):
    """The names of a page's elements, where its images come from and where its links go."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.sources: list[str] = []
        self.targets: list[str] = []
        self.open: list[str] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.sources += [value or "" for name, value in attrs if name == "src"]
        self.targets += [value or "" for name, value in attrs if name == "href"]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
