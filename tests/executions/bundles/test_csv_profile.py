"""csv-profile tells what is in a table, however it is written."""

import json
import resource
import struct
from pathlib import Path
from typing import Any

import pytest

from tests.executions.bundles.script_play import ORDERS, Play, play, valid_outputs


def profile(tmp_path: Path, content: bytes, name: str = "table.csv", **inputs: Any) -> dict[str, Any]:
    source = tmp_path / name
    source.write_bytes(content)
    return valid_outputs("csv-profile", play("csv-profile", tmp_path / "ws", inputs=inputs, files=(source,)))


def column(outputs: dict[str, Any], name: str) -> dict[str, Any]:
    return next(column for column in outputs["columns"] if column["name"] == name)


def codes(outputs: dict[str, Any]) -> set[str]:
    return {warning["code"] for warning in outputs["warnings"]}


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Play:
    return play("csv-profile", tmp_path_factory.mktemp("orders") / "ws", files=(ORDERS,))


def test_the_orders_are_counted_and_typed(orders: Play) -> None:
    outputs = valid_outputs("csv-profile", orders)

    assert (outputs["row_count"], outputs["column_count"]) == (1493, 17)
    assert {each["name"]: each["type"] for each in outputs["columns"]} == {
        "order_id": "text",
        "order_date": "date",
        "customer_id": "text",
        "country": "text",
        "channel": "text",
        "category": "text",
        "product": "text",
        "quantity": "integer",
        "unit_price": "number",
        "discount_percent": "integer",
        "total": "number",
        "shipping": "text",
        "shipped_on": "date",
        "rating": "integer",
        "returned": "boolean",
        "currency": "text",
        "note": "text",
    }


def test_what_is_odd_about_the_orders_is_warned_of(orders: Play) -> None:
    found = {(each["code"], each["column"]) for each in orders.outputs["warnings"]}

    assert found >= {
        ("duplicate_rows", None),
        ("mixed_types", "quantity"),
        ("outliers", "quantity"),
        ("constant_column", "currency"),
        ("mostly_missing", "note"),
        ("mixed_case", "channel"),
    }
    assert orders.outputs["correlations"][0]["coefficient"] > 0.9


def test_the_work_is_told_while_it_is_done(orders: Play) -> None:
    fractions = [message["fraction"] for message in orders.of_type("progress")]

    assert fractions == sorted(fractions)
    assert (fractions[0] < 0.1, fractions[-1]) == (True, 1.0)
    assert "1,493 rows × 17 columns" in orders.text


def test_profile_and_chart_are_handed_over(orders: Play) -> None:
    assert orders.artifacts == ["outputs/profile.json", "outputs/profile.md", "outputs/chart.png"]
    assert json.loads((orders.workspace / "outputs/profile.json").read_text()) == orders.outputs
    report = (orders.workspace / "outputs/profile.md").read_text()
    assert "| order\\_date | date |" in report
    picture = (orders.workspace / "outputs/chart.png").read_bytes()
    width, height = struct.unpack(">II", picture[16:24])
    assert (picture[:8], width) == (b"\x89PNG\r\n\x1a\n", 1680)
    assert 800 < height < 2000


def test_nothing_but_the_artifacts_is_left_in_the_workspace(orders: Play) -> None:
    left = sorted(
        str(path.relative_to(orders.workspace)) for path in orders.workspace.rglob("*") if path.is_file()
    )

    assert left == ["inputs/materials/orders.csv", *sorted(orders.artifacts)]


def test_statistics_are_exact(tmp_path: Path) -> None:
    outputs = profile(tmp_path, b"x,y\n1,a\n2,b\n3,b\n,b\nn/a,c\n10,a\n", top_values=2)

    x = column(outputs, "x")
    assert (x["missing_count"], x["unique_count"], x["missing_share"]) == (
        2,
        4,
        pytest.approx(2 / 6, abs=1e-6),
    )
    assert x["numeric"] == {
        "min": 1,
        "max": 10,
        "mean": 4,
        "std": pytest.approx(4.0825, abs=1e-4),
        "q25": 1.75,
        "median": 2.5,
        "q75": 4.75,
        "sum": 16,
        "outlier_count": 0,
    }
    assert column(outputs, "y")["top_values"] == [{"value": "b", "count": 3}, {"value": "a", "count": 2}]


def test_a_german_export_is_read_as_it_is_meant(tmp_path: Path) -> None:
    content = "Name;Betrag;Datum\nMüller;1.234,50;31.01.2026\nGroß;12,00;01.02.2026\nÖl;-3,5;\n".encode(
        "cp1252"
    )

    outputs = profile(tmp_path, content)

    assert (outputs["encoding"], outputs["delimiter"]) == ("cp1252", ";")
    assert column(outputs, "Betrag")["numeric"]["max"] == 1234.5
    assert column(outputs, "Datum")["dates"] == {
        "earliest": "2026-01-31",
        "latest": "2026-02-01",
        "format": "31.01.2026",
    }


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_encodings_are_found_out(tmp_path: Path, encoding: str) -> None:
    outputs = profile(tmp_path, "name\tcity\nZoë\tMalmö\nJosé\tSão Paulo\n".encode(encoding), "t.tsv")

    assert outputs["delimiter"] == "\t"
    assert {top["value"] for top in column(outputs, "city")["top_values"]} == {"Malmö", "São Paulo"}


def test_quoted_line_ends_and_ragged_rows_are_read(tmp_path: Path) -> None:
    outputs = profile(tmp_path, b'a,b,b\n"two\nlines","say ""hi""",1\nshort\n1,2,3,4\n')

    assert outputs["row_count"] == 3
    assert [each["name"] for each in outputs["columns"]] == ["a", "b", "b_2", "column_4"]
    assert column(outputs, "column_4")["top_values"] == [{"value": "4", "count": 1}]
    assert codes(outputs) >= {"ragged_rows", "header"}
    assert {"value": "two lines", "count": 1} in column(outputs, "a")["top_values"]


def test_types_are_found_out(tmp_path: Path) -> None:
    written = """\
code;flag;price;at;some;none;odd
00123;yes;"$1,200.50";2026-01-01T10:00:00Z;1;;1e400
04567;No;$3.00;2026-01-02T11:30:00Z;two;NULL;inf
00890;YES;$ 4;2026-01-03T00:00:00Z;three;n/a;nan
"""

    outputs = profile(tmp_path, written.encode())

    assert {each["name"]: each["type"] for each in outputs["columns"]} == {
        "code": "text",
        "flag": "boolean",
        "price": "number",
        "at": "datetime",
        "some": "mixed",
        "none": "empty",
        "odd": "text",
    }


def test_days_that_could_be_months_are_warned_of(tmp_path: Path) -> None:
    outputs = profile(tmp_path, b"sure,unsure\n13/02/2026,01/02/2026\n01/02/2026,03/04/2026\n")

    warned = [each["column"] for each in outputs["warnings"] if each["code"] == "ambiguous_dates"]
    assert warned == ["unsure"]


def test_a_header_without_rows_is_profiled(tmp_path: Path) -> None:
    outputs = profile(tmp_path, b"a,b\n")

    assert (outputs["row_count"], outputs["column_count"]) == (0, 2)
    assert codes(outputs) == {"no_rows"}


def test_numbers_in_the_first_row_are_no_header(tmp_path: Path) -> None:
    outputs = profile(tmp_path, b"1,2\n3,4\n")

    assert [each["name"] for each in outputs["columns"]] == ["column_1", "column_2"]
    assert outputs["row_count"] == 2


def test_an_encoding_that_does_not_fit_costs_characters_not_the_file(tmp_path: Path) -> None:
    outputs = profile(tmp_path, "a\nZoë\n".encode("latin-1"), encoding="utf-8")

    assert codes(outputs) >= {"undecodable"}
    assert column(outputs, "a")["top_values"][0]["value"] == "Zo\ufffd"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"PK\x03\x04....", "Excel"),
        (bytes(range(256)) * 8, "binary"),
        (b"\n,,\n", "no rows"),
    ],
)
def test_what_is_no_table_fails_with_a_reason(tmp_path: Path, content: bytes, said: str) -> None:
    source = tmp_path / "table.csv"
    source.write_bytes(content)

    played = play("csv-profile", tmp_path / "ws", files=(source,))

    assert played.exit_status == 1
    assert said in played.of_type("error")[0]["message"]
    assert played.of_type("output") == []


def test_a_file_that_is_not_staged_fails_with_those_that_are(tmp_path: Path) -> None:
    played = play("csv-profile", tmp_path / "ws", inputs={"file": "no.csv"}, files=(ORDERS,))

    assert played.of_type("error")[0]["details"] == {"staged": ["orders.csv"]}


def test_a_hundred_thousand_rows_take_seconds(tmp_path: Path) -> None:
    rows = (
        f"{n},2026-{1 + n % 12:02}-{1 + n % 28:02},{n * 7919 % 10007 / 100},{'abcdef'[n % 6]}"
        for n in range(100_000)
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime

    outputs = profile(tmp_path, ("id,day,amount,kind\n" + "\n".join(rows) + "\n").encode())

    assert outputs["row_count"] == 100_000
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 30


def test_names_that_look_like_markup_do_no_harm(tmp_path: Path) -> None:
    source = tmp_path / "table.csv"
    source.write_bytes(b"$x_{1}$,<b>|*\n$1,a\n$2,b\n")

    played = play("csv-profile", tmp_path / "ws", files=(source,))

    valid_outputs("csv-profile", played)
    assert "\\<b\\>\\|\\*" in (played.workspace / "outputs/profile.md").read_text()
