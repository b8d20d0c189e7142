"""Read files that are text as they are: plain text, JSON, and delimited text as it is written."""

import json
from pathlib import Path

from callboard_files.document import Document
from callboard_files.text_encoding import Decoded, beginning_of, decoded

MAX_BYTES = 16 * 1024 * 1024
KINDS = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".json": "json", ".jsonl": "json", ".ndjson": "json"}


def read_document(source: Path, encoding: str | None = None) -> Document:
    """Raises Unreadable for what is no text."""
    suffix = source.suffix.lower()
    raw, warnings = beginning_of(source, MAX_BYTES)
    text = decoded(raw, asked=encoding)
    warnings += text.warnings
    kind = KINDS.get(suffix, "text")
    if kind == "json" and (problem := json_problem(text, by_line=suffix != ".json")):
        warnings.append(f"The file is no valid JSON: {problem}; it was read as plain text.")
    return Document(kind, text.content, encoding=text.encoding, warnings=warnings)


def json_problem(text: Decoded, *, by_line: bool) -> str | None:
    lines = [line for line in text.content.splitlines() if line.strip()] if by_line else [text.content]
    for number, line in enumerate(lines, start=1):
        try:
            json.loads(line)
        except RecursionError:
            return "it is nested too deeply"
        except ValueError as error:
            return f"line {number}: {error}" if by_line else str(error)
    return None
