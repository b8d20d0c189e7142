"""Write a profile as Markdown for people."""


def write_markdown(profile: dict) -> str:
    """The whole report; `profile` has the shape of the skill's outputs."""
    parts = [
        f"# Profile of {escaped(profile['file'])}",
        overview(profile),
        "## Columns",
        columns_table(profile["columns"]),
    ]
    numeric = [column for column in profile["columns"] if column["numeric"]]
    if numeric:
        parts += ["## Numbers", numbers_table(numeric)]
    if profile["correlations"]:
        parts += ["## Correlations", correlations_table(profile["correlations"])]
    parts += ["## Warnings", warnings_list(profile["warnings"])]
    return "\n\n".join(parts) + "\n"


def overview(profile: dict) -> str:
    if profile["sheet"]:
        written = f"Sheet {escaped(profile['sheet'])}."
    else:
        delimiter = {"\t": "tab"}.get(profile["delimiter"], f"`{profile['delimiter']}`")
        written = f"Encoding {profile['encoding']}, delimiter {delimiter}."
    more = " (the file has more)" if profile["truncated"] else ""
    return (
        f"{profile['row_count']:,} rows{more}, {profile['column_count']:,} columns, "
        f"{profile['missing_share']:.1%} of all cells missing, "
        f"{profile['duplicate_row_count']:,} repeated rows. "
        f"{written}"
    )


def columns_table(columns: list[dict]) -> str:
    rows = [
        (
            escaped(column["name"]),
            column["type"],
            f"{column['missing_share']:.1%}",
            f"{column['unique_count']:,}",
            what_it_holds(column),
        )
        for column in columns
    ]
    return table(("Column", "Type", "Missing", "Different", "Holds"), rows)


def what_it_holds(column: dict) -> str:
    if column["numeric"]:
        return f"{column['numeric']['min']:,.6g} to {column['numeric']['max']:,.6g}"
    if column["dates"]:
        return f"{column['dates']['earliest']} to {column['dates']['latest']}"
    shown = column["top_values"][:3]
    return ", ".join(f"{escaped(each['value'][:40])} ({each['count']:,})" for each in shown) or "nothing"


def numbers_table(columns: list[dict]) -> str:
    keys = ("min", "q25", "median", "mean", "q75", "max", "std")
    rows = [
        (escaped(column["name"]), *(number(column["numeric"][key]) for key in keys)) for column in columns
    ]
    return table(("Column", "Min", "25 %", "Median", "Mean", "75 %", "Max", "Std"), rows)


def correlations_table(correlations: list[dict]) -> str:
    rows = [(escaped(pair["a"]), escaped(pair["b"]), f"{pair['coefficient']:+.2f}") for pair in correlations]
    return table(("One column", "Other column", "Pearson"), rows)


def warnings_list(warnings: list[dict]) -> str:
    if not warnings:
        return "None."
    return "\n".join(f"- {escaped(warning['message'])}" for warning in warnings)


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def number(value: float | None) -> str:
    return "" if value is None else f"{value:,.6g}"


def escaped(text: str) -> str:
    """`text` without the power to break a table or to be HTML."""
    for character in "\\|`*_<>[]":
        text = text.replace(character, f"\\{character}")
    return text
