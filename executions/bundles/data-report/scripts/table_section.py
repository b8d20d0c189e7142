"""The section about one table, from what csv-profile found."""

import base64

from callboard_skill import SkillResult
from markup import badge, escaped, number, plural, tiles, warnings_list

MAX_COLUMNS = 60
MAX_CHART_BYTES = 3 * 1024 * 1024


def table_headline(profile: dict) -> str:
    rows, columns = profile["row_count"], profile["column_count"]
    return f"{plural(rows, 'row')}, {plural(columns, 'column')}, {profile['missing_share']:.1%} missing"


def table_body(result: SkillResult) -> str:
    profile = result.outputs
    facts = [
        (f"{profile['row_count']:,}{'+' if profile['truncated'] else ''}", "rows"),
        (f"{profile['column_count']:,}", "columns"),
        (f"{profile['missing_share']:.1%}", "cells missing"),
        (f"{profile['duplicate_row_count']:,}", "repeated rows"),
    ]
    parts = [
        tiles(facts),
        warnings_list([warning["message"] for warning in profile["warnings"]]),
        chart(result),
        columns_table(profile["columns"]),
    ]
    if profile["correlations"]:
        parts.append(correlations_list(profile["correlations"]))
    return "\n".join(part for part in parts if part)


def chart(result: SkillResult) -> str:
    """The chart within the page itself, so that the report stays one file."""
    for handed_over in result.artifacts:
        if handed_over.document_type == "chart" and handed_over.path.is_file():
            picture = handed_over.path.read_bytes()
            if len(picture) <= MAX_CHART_BYTES:
                data = base64.b64encode(picture).decode("ascii")
                said = escaped(f"Completeness and distributions of {result.outputs['file']}")
                return f'<figure><img alt="{said}" src="data:image/png;base64,{data}"></figure>'
    return ""


def columns_table(columns: list[dict]) -> str:
    rows = "\n".join(column_row(column) for column in columns[:MAX_COLUMNS])
    more = len(columns) - MAX_COLUMNS
    rest = f'<p class="more">… and {more:,} more columns</p>' if more > 0 else ""
    return f"""<table>
<thead><tr><th>Column</th><th>Type</th><th>Filled</th><th class="figure">Different</th><th>Holds</th></tr>
</thead>
<tbody>
{rows}
</tbody>
</table>{rest}"""


def column_row(column: dict) -> str:
    filled = 100 * (1 - column["missing_share"])
    return (
        f"<tr><th>{escaped(column['name'])}</th><td>{badge(column['type'], column['type'])}</td>"
        f'<td><span class="bar"><span style="width:{filled:.1f}%"></span></span> {filled:.0f} %</td>'
        f'<td class="figure">{column["unique_count"]:,}</td><td>{holds(column)}</td></tr>'
    )


def holds(column: dict) -> str:
    """The range with the median of numbers, the range of dates, else the commonest values."""
    if numbers := column["numeric"]:
        low, middle, high = (number(numbers[key]) for key in ("min", "median", "max"))
        return f'{low} to {high}, <span class="aside">median {middle}</span>'
    if dates := column["dates"]:
        return f"{escaped(dates['earliest'])} to {escaped(dates['latest'])}"
    shown = column["top_values"][:3]
    return ", ".join(
        f'{escaped(top["value"][:40])} <span class="aside">{top["count"]:,}</span>' for top in shown
    )


def correlations_list(pairs: list[dict]) -> str:
    items = "".join(
        f"<li>{escaped(pair['a'])} and {escaped(pair['b'])} <b>{pair['coefficient']:+.2f}</b></li>"
        for pair in pairs
    )
    return f'<h3>Columns that move together</h3>\n<ul class="pairs">{items}</ul>'
