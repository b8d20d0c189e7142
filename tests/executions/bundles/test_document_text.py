"""document-text takes the text and the outline out of documents of five kinds."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.executions.bundles.script_play import SAMPLES, Play, play, valid_outputs

GOOD = ("manual.pdf", "minutes.docx", "page.html", "notes.md", "plain.txt")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Play:
    """One run over good files of each kind and over bad ones."""
    folder = tmp_path_factory.mktemp("documents")
    made = {
        "plain.txt": "Grüße aus Málaga.\n".encode("cp1252"),
        "broken.pdf": b"%PDF-1.4\ngarbage",
        "broken.docx": b"PK\x03\x04junk",
        "old.docx": b"\xd0\xcf\x11\xe0junk",
        "binary.txt": bytes(100),
        "empty.md": b"",
        "deep.html": b"<div>" * 20_000 + b"found",
    }
    for name, content in made.items():
        (folder / name).write_bytes(content)
    samples = [
        SAMPLES / name for name in ("manual.pdf", "locked.pdf", "minutes.docx", "page.html", "notes.md")
    ]
    files = (*samples, *(folder / name for name in made))
    return play("document-text", folder / "ws", files=files)


def document(played: Play, name: str) -> dict[str, Any]:
    return next(each for each in valid_outputs("document-text", played)["documents"] if each["file"] == name)


def outline(played: Play, name: str) -> list[tuple[int, str, int | None]]:
    return [(each["level"], each["title"], each["page"]) for each in document(played, name)["outline"]]


def test_a_pdf_has_text_pages_and_bookmarks(mixed: Play) -> None:
    found = document(mixed, "manual.pdf")

    assert "Change the burrs after 400 kg of coffee," in found["text"]
    assert (found["title"], found["page_count"], found["format"]) == ("Grinder manual", 2, "pdf")
    assert outline(mixed, "manual.pdf") == [(1, "Before first use", 1), (1, "Daily care", 2), (2, "Burrs", 2)]
    assert found["metadata"]["author"] == "Workshop"


def test_a_word_document_has_lists_tables_and_heading_styles(mixed: Play) -> None:
    found = document(mixed, "minutes.docx")

    assert "- Open on Sundays from August.\n- Buy a second grinder." in found["text"]
    assert "Item | Quarter | EUR\nGrinder | Q3 | 1 900\nTogether | 1 900" in found["text"]
    assert outline(mixed, "minutes.docx") == [
        (1, "Minutes of the June meeting", None),
        (1, "Decisions", None),
        (2, "Budget", None),
        (1, "Next meeting", None),
    ]
    assert found["metadata"]["created"].startswith("2026-06-12T09:00:00")


def test_a_page_has_what_a_reader_sees_and_nothing_else(mixed: Play) -> None:
    found = document(mixed, "page.html")

    assert found["text"] == (
        "Opening hours\n\nWe open at eight and close at six.\nOn Sundays we are closed.\n\n"
        "Day | From | To\nMonday | 08:00 | 18:00\nSaturday | 09:00 | 14:00\n\n"
        "Directions\n\n- Tram 4 to Harbour Street\n- Bus 27 to the museum\n\n  walk   north\n  then   east"
    )
    assert found["title"] == "Opening hours & directions"
    assert found["metadata"]["language"] == "en"


def test_markdown_loses_its_signs_and_keeps_its_code(mixed: Play) -> None:
    found = document(mixed, "notes.md")

    assert "We roast twice a week. See the plan." in found["text"]
    assert "Batch | Weight\n17 | 12 kg" in found["text"]
    assert 'drop(at="11:20")' in found["text"]
    assert (found["title"], found["metadata"]["author"]) == ("Roasting notes", "Ines Ferrer")
    assert outline(mixed, "notes.md")[2] == (3, "What went wrong", None)


def test_plain_text_is_read_in_its_encoding(mixed: Play) -> None:
    assert document(mixed, "plain.txt")["text"] == "Grüße aus Málaga."


def test_a_page_nested_beyond_all_measure_is_read(mixed: Play) -> None:
    assert document(mixed, "deep.html")["text"] == "found"


def test_each_file_that_cannot_be_read_says_why_and_stops_no_other(mixed: Play) -> None:
    errors = {each["file"]: each["message"] for each in mixed.outputs["errors"]}

    assert errors.keys() == {"locked.pdf", "broken.pdf", "broken.docx", "old.docx", "binary.txt", "empty.md"}
    assert "password" in errors["locked.pdf"]
    assert "broken" in errors["broken.pdf"]
    assert "broken" in errors["broken.docx"]
    assert "older than .docx" in errors["old.docx"]
    assert "binary" in errors["binary.txt"]
    assert "empty" in errors["empty.md"]


def test_texts_and_outlines_are_handed_over(mixed: Play) -> None:
    assert set(mixed.artifacts) == {
        *(f"outputs/{name}.txt" for name in (*GOOD, "deep.html")),
        "outputs/outline.json",
    }
    outlines = json.loads((mixed.workspace / "outputs/outline.json").read_text())
    assert outlines["manual.pdf"][0] == {"level": 1, "title": "Before first use", "page": 1}


def test_words_are_counted_and_added_up(mixed: Play) -> None:
    counts = {each["file"]: each["word_count"] for each in mixed.outputs["documents"]}

    assert counts["plain.txt"] == 3
    assert mixed.outputs["word_count"] == sum(counts.values())


def test_a_long_text_is_cut_in_the_outputs_and_whole_in_the_artifact(tmp_path: Path) -> None:
    source = tmp_path / "long.txt"
    source.write_text("word " * 1000)

    played = play("document-text", tmp_path / "ws", inputs={"max_characters": 100}, files=(source,))

    found = document(played, "long.txt")
    assert (len(found["text"]), found["truncated"], found["word_count"]) == (100, True, 1000)
    assert len((played.workspace / found["text_path"]).read_text()) > 4990


def test_the_run_fails_if_nothing_could_be_read(tmp_path: Path) -> None:
    played = play("document-text", tmp_path / "ws", files=(SAMPLES / "locked.pdf",))

    error = played.of_type("error")[0]
    assert played.exit_status == 1
    assert error["details"]["errors"][0]["file"] == "locked.pdf"


def test_only_files_that_were_asked_for_are_read(tmp_path: Path) -> None:
    files = (SAMPLES / "notes.md", SAMPLES / "page.html")

    played = play("document-text", tmp_path / "ws", inputs={"files": ["page.html"]}, files=files)

    assert [each["file"] for each in played.outputs["documents"]] == ["page.html"]
