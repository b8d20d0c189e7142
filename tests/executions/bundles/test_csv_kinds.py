"""csv-profile is right about ordinary exports, or says that it is not sure."""

from pathlib import Path
from typing import Any

import pytest

from tests.executions.bundles.office_files import workbook
from tests.executions.bundles.script_play import BUNDLES, play, valid_outputs

# The skill without its chart, which takes most of the time and is drawn in other tests.
PROFILE = f"""
import sys
sys.path.insert(0, {str(BUNDLES / "csv-profile" / "scripts")!r})
from callboard_files import read_table
from callboard_skill import materials, output
from profiling import describe, read_columns
table = read_table(materials()[0])
output(describe(materials()[0], table, list(read_columns(table, top=5))))
"""


def profile(tmp_path: Path, content: str | bytes, name: str = "table.csv") -> dict[str, Any]:
    source = tmp_path / name
    source.write_bytes(content if isinstance(content, bytes) else content.encode())
    script = tmp_path / "profile.py"
    script.write_text(PROFILE)
    return play(script, tmp_path / "ws", files=(source,)).outputs


def types(outputs: dict[str, Any]) -> dict[str, str]:
    return {column["name"]: column["type"] for column in outputs["columns"]}


def sums(outputs: dict[str, Any]) -> dict[str, float | None]:
    return {each["name"]: each["numeric"]["sum"] for each in outputs["columns"] if each["numeric"]}


def codes(outputs: dict[str, Any]) -> set[str]:
    return {warning["code"] for warning in outputs["warnings"]}


@pytest.mark.parametrize(
    ("content", "delimiter", "found"),
    [
        pytest.param(
            "timestamp,value\n" + "".join(f"2026-01-01 0{n}:15:00,{n}.5\n" for n in range(9)),
            ",",
            {"timestamp": "datetime", "value": "number"},
            id="times",
        ),
        pytest.param("sep=;\nArt;Preis\nA;1,50\nB;2,00\n", ";", {"Art": "text", "Preis": "number"}, id="sep"),
        pytest.param("a|b\n1|x y\n2|z\n", "|", {"a": "integer", "b": "text"}, id="bars"),
        pytest.param(
            'id;address\n1;"Mill Lane 3, Leeds"\n2;High Street, York\n3;Oak Road 5, Bath, UK\n',
            ";",
            {"id": "integer", "address": "text"},
            id="addresses",
        ),
        pytest.param(
            "time,room\n10:30,A\n11:45,B\n12:00,C\n", ",", {"time": "text", "room": "text"}, id="clock"
        ),
        pytest.param(
            "country,2024,2025\nFR,1,2\nDE,3,4\n",
            ",",
            {"country": "text", "2024": "integer", "2025": "integer"},
            id="years",
        ),
    ],
)
def test_delimiter_and_header_are_right(
    tmp_path: Path, content: str, delimiter: str, found: dict[str, str]
) -> None:
    outputs = profile(tmp_path, content)

    assert (outputs["delimiter"], types(outputs)) == (delimiter, found)
    assert codes(outputs) & {"unsure_delimiter", "unsure_header", "ragged_rows"} == set()


@pytest.mark.parametrize(
    ("content", "kind"),
    [("value\n1,5\n2,25\n-3,75\n", "number"), ("address\nMill Lane 3, Leeds\nOak Road 5, Bath\n", "text")],
)
def test_one_column_stays_one_and_says_so(tmp_path: Path, content: str, kind: str) -> None:
    outputs = profile(tmp_path, content)

    assert list(types(outputs).values()) == [kind]
    assert codes(outputs) >= {"unsure_delimiter"}


def test_titles_above_the_table_are_named(tmp_path: Path) -> None:
    rows = "".join(f"R{n},P{n},{n},{n}.5\n" for n in range(5))

    outputs = profile(
        tmp_path, f"Monthly sales report\nGenerated 2026-11-30 by ERP\n\nregion,product,qty,amount\n{rows}"
    )

    assert list(types(outputs)) == ["region", "product", "qty", "amount"]
    assert outputs["row_count"] == 5
    assert any("Monthly sales report" in each["message"] for each in outputs["warnings"])


def test_numbers_are_decided_by_the_whole_table(tmp_path: Path) -> None:
    outputs = profile(tmp_path, "a;b\n1.234;1.234,50\n2.500;7,25\n", name="german.csv")

    assert sums(outputs) == {"a": 3734, "b": 1241.75}
    assert "unsure_decimals" not in codes(outputs)


@pytest.mark.parametrize("written", ["1.234", "1,234"])
def test_numbers_that_nothing_decides_are_warned_of(tmp_path: Path, written: str) -> None:
    outputs = profile(tmp_path, f"name\tamount\na\t{written}\nb\t{written}\n", name="table.tsv")

    assert codes(outputs) >= {"unsure_decimals"}


@pytest.mark.parametrize(
    "values", [("$10", "€10", "£10"), ("5%", "0.05", "10%"), ("10 USD", "12 EUR", "9 USD")]
)
def test_units_that_differ_are_not_added_up(tmp_path: Path, values: tuple[str, ...]) -> None:
    outputs = profile(tmp_path, "k;v\n" + "".join(f"i{n};{value}\n" for n, value in enumerate(values)))

    assert "mixed_units" in codes(outputs)
    assert "v" not in sums(outputs)


def test_percents_have_no_sum(tmp_path: Path) -> None:
    assert sums(profile(tmp_path, "k,v\na,5%\nb,10.5%\nc,7%\n")) == {"v": None}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("phone", ("06 12 34 56 78", "07 98 76 54 32", "01 40 20 50 50")),
        ("contact", ("+49 30 1234567", "+49 89 7654321", "+1 212 555 0100")),
        ("postcode", ("10115", "80331", "50667")),
        ("customer", ("4012345678901", "4012345678902", "4012345678903")),
        ("key", ("12345678901234567890", "22345678901234567", "3")),
    ],
)
def test_codes_are_text(tmp_path: Path, name: str, values: tuple[str, ...]) -> None:
    outputs = profile(tmp_path, f"n,{name}\n" + "".join(f"x{n},{value}\n" for n, value in enumerate(values)))

    assert types(outputs)[name] == "text"


@pytest.mark.parametrize(
    ("values", "kind", "earliest"),
    [
        (("01/31/2026 08:05:09 AM", "02/01/2026 01:05:09 PM"), "datetime", "2026-01-31T08:05:09"),
        (("1/5/2026 8:05", "1/31/2026 18:05"), "datetime", "2026-01-05T08:05:00"),
        (("20260131", "20260201"), "date", "2026-01-31"),
        (("31.01.26", "01.02.26"), "date", "2026-01-31"),
        (("31. Januar 2026", "3. März 2026"), "date", "2026-01-31"),
        (("31-JAN-2026", "01-FEB-2026"), "date", "2026-01-31"),
        (("31.01.2026 18:05:09", "01.02.2026 07:00:00"), "datetime", "2026-01-31T18:05:09"),
    ],
)
def test_dates_are_read_as_exports_write_them(
    tmp_path: Path, values: tuple[str, ...], kind: str, earliest: str
) -> None:
    outputs = profile(tmp_path, "n;at\n" + "".join(f"x;{value}\n" for value in values))

    at = outputs["columns"][1]
    assert (at["type"], at["dates"]["earliest"]) == (kind, earliest)


def test_signs_behind_and_brackets_are_negative(tmp_path: Path) -> None:
    assert sums(profile(tmp_path, "k;sap;us\na;100,50-;(20.00)\nb;50,25;5.50\n"))["sap"] == -50.25


def test_a_total_below_and_an_excel_day_number_are_warned_of(tmp_path: Path) -> None:
    outputs = profile(tmp_path, "item,order date,amount\na,46023,5\nb,46054,6\nTotal,,11\n")

    assert codes(outputs) >= {"total_row", "day_numbers"}


def test_an_encoding_that_was_guessed_is_warned_of(tmp_path: Path) -> None:
    rows = "".join(f"北京{n},{1000 + n},晴天\n" for n in range(40))

    outputs = profile(tmp_path, f"城市,人口,说明\n{rows}".encode("gb18030"))

    assert list(types(outputs)) == ["城市", "人口", "说明"]
    assert "encoding" in codes(outputs)


def test_a_sheet_is_profiled_and_the_others_are_named(tmp_path: Path) -> None:
    book = workbook(Sales=[["item", "price"], ["Mug", 12.5], ["Pot", 20]], Notes=[["Checked"]])

    outputs = profile(tmp_path, book, name="book.xlsx")

    assert (outputs["sheet"], outputs["delimiter"], sums(outputs)) == ("Sales", "", {"price": 32.5})
    assert any("Notes" in each["message"] for each in outputs["warnings"])


def test_other_files_are_skipped_with_the_reason(tmp_path: Path) -> None:
    names = {"a.csv": b"x,y\n1,2\n", "b.csv": b"x\n1\n", "c.pdf": b"%PDF"}
    for name, content in names.items():
        (tmp_path / name).write_bytes(content)

    played = play("csv-profile", tmp_path / "ws", files=tuple(tmp_path / name for name in names))

    assert valid_outputs("csv-profile", played)["skipped"] == [
        {"file": "b.csv", "reason": "Only one table is profiled in a run; name it as `file`."},
        {"file": "c.pdf", "reason": "It is no CSV, TSV or XLSX file."},
    ]
