"""document-text is right about ordinary files of each kind, or says that it is not sure."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.executions.bundles.office_files import paragraph, slide_show, word_file, workbook
from tests.executions.bundles.script_play import SAMPLES, Play, play, valid_outputs

FILES = SAMPLES / "files"
INSERTED = '<w:ins w:id="1"><w:r><w:t>250</w:t></w:r></w:ins>'
DELETED = '<w:del w:id="2"><w:r><w:delText>200</w:delText></w:r></w:del>'
MOVED = (
    "<w:p><w:moveFrom><w:r><w:t>Here before.</w:t></w:r></w:moveFrom></w:p>"
    "<w:p><w:moveTo><w:r><w:t>Here now.</w:t></w:r></w:moveTo></w:p>"
)
BOX = (
    '<w:p><w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wps:txbx><w:txbxContent>'
    f"{paragraph('In a box.')}"
    "</w:txbxContent></wps:txbx></w:drawing></mc:Choice></mc:AlternateContent></w:r></w:p>"
)
CONTROL = f"<w:sdt><w:sdtContent>{paragraph('In a control.')}</w:sdtContent></w:sdt>"
FIELD = '<w:p><w:fldSimple w:instr="REF x"><w:r><w:t>In a field.</w:t></w:r></w:fldSimple></w:p>'
NOTE = '<w:p><w:r><w:t>Noted</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
INNER = f"<w:tbl><w:tr><w:tc>{paragraph('in a table in a table')}</w:tc></w:tr></w:tbl>"
TABLE = f"<w:tbl><w:tr><w:tc>{paragraph('Outer')}{INNER}{paragraph('')}</w:tc></w:tr></w:tbl>"


def read(tmp_path: Path, files: dict[str, bytes | Path], **inputs: Any) -> Play:
    folder = tmp_path / "files"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.read_bytes())
    return play("document-text", tmp_path / "ws", inputs=inputs, files=tuple(folder / name for name in files))


def documents(played: Play) -> dict[str, dict[str, Any]]:
    return {each["file"]: each for each in valid_outputs("document-text", played)["documents"]}


@pytest.fixture(scope="module")
def word(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    changed = (
        f"<w:p><w:r><w:t>The fee is </w:t></w:r>{DELETED}{INSERTED}<w:r><w:t> EUR.</w:t></w:r></w:p>{MOVED}"
    )
    files: dict[str, bytes | Path] = {
        "changed.docx": word_file(changed),
        "parts.docx": word_file(
            BOX + CONTROL + FIELD + NOTE + TABLE, header="In the header.", footnote="In a note."
        ),
    }
    return documents(read(tmp_path_factory.mktemp("word"), files))


def test_tracked_changes_are_accepted_and_told(word: dict[str, Any]) -> None:
    found = word["changed.docx"]

    assert found["text"] == "The fee is 250 EUR.\n\nHere now."
    assert any("tracked changes" in warning for warning in found["warnings"])


@pytest.mark.parametrize(
    "text",
    ["In a box.", "In a control.", "In a field.", "In a note.", "in a table in a table", "In the header."],
)
def test_every_part_of_a_word_file_is_read_once(word: dict[str, Any], text: str) -> None:
    assert word["parts.docx"]["text"].count(text) == 1


def test_a_file_that_states_nothing_has_no_title_and_no_metadata(word: dict[str, Any]) -> None:
    assert (word["parts.docx"]["title"], word["parts.docx"]["metadata"]) == (None, {})
    assert word["parts.docx"]["warnings"] == []


@pytest.fixture(scope="module")
def pdfs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    files: dict[str, bytes | Path] = {file.name: file for file in sorted(FILES.iterdir())}
    return documents(read(tmp_path_factory.mktemp("pdf"), files))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bad_bookmark.pdf", "Statement page 1\n\nStatement page 2"),
        ("owner_only_aes-128.pdf", "Statement page 1\n\nStatement page 2\n\nStatement page 3"),
        ("form.pdf", "Application form\nname: Jordan Example\niban: DE00 TEST 0000"),
        ("cid_identity_ja.pdf", "あいう"),
    ],
)
def test_a_pdf_is_read_in_spite_of_what_is_odd_about_it(pdfs: dict[str, Any], name: str, text: str) -> None:
    assert pdfs[name]["text"] == text
    assert pdfs[name]["title"] in (None, "Chapter")


def test_a_font_that_says_nothing_of_its_characters_is_warned_of(tmp_path: Path) -> None:
    source = (FILES / "cid_identity_ja.pdf").read_bytes()
    unknown = source.replace(b"/Ordering(Japan1)", b"/Ordering(Secret)")

    played = read(tmp_path, {"unknown.pdf": unknown, "good.txt": b"Good."})

    warned = documents(played).get("unknown.pdf", {}).get("warnings", [])
    refused = [each["file"] for each in played.outputs["errors"]]
    assert any("font" in warning for warning in warned) or refused == ["unknown.pdf"]


def test_sheets_slides_tables_and_json_are_read(tmp_path: Path) -> None:
    files: dict[str, bytes | Path] = {
        "book.xlsx": workbook(Sales=[["item", "price"], ["Mug", 12.5]], Notes=[["Checked"], ["#DIV/0!"]]),
        "talk.pptx": slide_show("Our plan", "Next year"),
        "list.tsv": b"a\tb\n1\t2\n",
        "facts.json": json.dumps({"name": "Zo\u00eb"}, ensure_ascii=False).encode(),
        "half.json": b'{"name": ',
    }

    found = documents(read(tmp_path, files))

    assert found["book.xlsx"]["text"].startswith("Sales\n\nitem | price\nMug | 12.5\n\nNotes\n\nChecked")
    assert "#DIV/0!" in found["book.xlsx"]["warnings"][0]
    assert found["talk.pptx"]["text"] == "Our plan\n\nNext year"
    assert [each["page"] for each in found["talk.pptx"]["outline"]] == [1, 2]
    assert (found["list.tsv"]["format"], found["list.tsv"]["text"]) == ("tsv", "a\tb\n1\t2")
    assert (found["facts.json"]["text"], found["facts.json"]["warnings"]) == ('{"name": "Zoë"}', [])
    assert "no valid JSON" in found["half.json"]["warnings"][0]


def test_one_damaged_file_ends_no_others_work(tmp_path: Path) -> None:
    whole = word_file(paragraph("Whole."))
    damaged = whole[:200] + bytes(120) + whole[320:]

    played = read(tmp_path, {"damaged.docx": damaged, "good.txt": b"A good file."})

    assert documents(played)["good.txt"]["text"] == "A good file."
    assert [each["file"] for each in played.outputs["errors"]] == ["damaged.docx"]


def test_files_of_other_kinds_are_skipped_with_the_reason(tmp_path: Path) -> None:
    played = read(
        tmp_path, {"photo.jpg": b"\xff\xd8", "old.doc": b"\xd0\xcf", "README": b"x", "a.txt": b"A."}
    )

    reasons = {each["file"]: each["reason"] for each in valid_outputs("document-text", played)["skipped"]}
    assert reasons == {
        "photo.jpg": "It is a picture, which is not read.",
        "old.doc": "It is a Word file older than .docx, which is not read.",
        "README": "Its name has no ending that tells its kind.",
    }


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("北京的天气今天很好，我们去公园散步。上海的天气不好。", "gb18030"),
        ("Привет, как дела? Сегодня хорошая погода в Москве.", "cp1251"),
        ("今日は天気がいいので散歩に行きましょう。東京は晴れです。", "shift_jis"),
        ("Der Käufer zahlt für die Größe, nicht für das Übrige.", "cp1252"),
    ],
)
def test_an_encoding_is_guessed_with_a_warning_or_given(tmp_path: Path, text: str, encoding: str) -> None:
    guessed = documents(read(tmp_path, {"a.txt": text.encode(encoding)}))["a.txt"]
    (tmp_path / "again").mkdir()
    given = documents(read(tmp_path / "again", {"a.txt": text.encode(encoding)}, encoding=encoding))["a.txt"]

    assert guessed["text"] == given["text"] == text
    assert "is a guess" in guessed["warnings"][0]
    assert (given["warnings"], given["encoding"]) == ([], encoding)


def test_numbers_of_lists_and_powers_are_kept_in_a_page(tmp_path: Path) -> None:
    page = b"<ol start=3><li>Wash<li>Dry</ol><p>10<sup>5</sup> or H<sub>2</sub>O</p>"

    assert documents(read(tmp_path, {"a.html": page}))["a.html"]["text"] == "3. Wash\n4. Dry\n\n10⁵ or H₂O"
