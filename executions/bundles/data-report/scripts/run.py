"""Call a skill for each file and write what they find into one report."""

from dataclasses import dataclass
from pathlib import Path

from callboard_files import FORMATS, TABLE_FORMATS, reason_to_skip
from callboard_skill import (
    SkillCallFailed,
    SkillResult,
    artifact,
    call_skill,
    fail,
    inputs,
    materials,
    output,
    progress,
    text,
)
from document_section import document_headline
from report import Finding, write_report
from table_section import table_headline

REPORT = Path("outputs/report.html")
EXCERPT_CHARACTERS = 1200


@dataclass(frozen=True)
class Reader:
    """What to do with files of one kind."""

    kind: str
    skill: str
    inputs: dict


TABLE = Reader("table", "csv-profile", {})
DOCUMENT = Reader("document", "document-text", {"max_characters": EXCERPT_CHARACTERS})


def main() -> None:
    reasons = {file.name: reason_to_skip(file) for file in materials()}
    readable = [file for file in materials() if reasons[file.name] is None]
    skipped = [{"file": name, "reason": reason} for name, reason in reasons.items() if reason is not None]
    if not readable:
        fail(f"There is nothing to report on: stage {', '.join(FORMATS)} files.", skipped=skipped)
    findings = []
    for number, file in enumerate(readable, start=1):
        progress(round((number - 1) / len(readable), 3), f"File {number} of {len(readable)}: {file.name}")
        finding = look_at(file, number)
        text(f"{file.name}: {finding.headline}\n")
        findings.append(finding)
    title = inputs.get("title", "Data report")
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(write_report(title, inputs.get("note", ""), findings, skipped), "utf-8")
    artifact(REPORT, "report")
    if not any(finding.succeeded for finding in findings):
        fail("None of the files could be read.", files=[each.as_json() for each in findings])
    progress(1.0, "Done")
    succeeded = sum(finding.succeeded for finding in findings)
    output(
        title=title,
        report_path=REPORT.as_posix(),
        sections=[finding.as_json() for finding in findings],
        skipped=skipped,
        succeeded_count=succeeded,
        failed_count=len(findings) - succeeded,
    )


def look_at(file: Path, number: int) -> Finding:
    """What the skill for this kind of file says of it, be it a failure."""
    reader = TABLE if file.suffix.lower() in TABLE_FORMATS else DOCUMENT
    try:
        # The key makes a repeated run find the call it already made for this file.
        result = call_skill(reader.skill, reader.inputs, files=[file], call_key=f"file-{number}")
    except SkillCallFailed as failure:
        return Finding(file.name, reader.kind, failure.result, reason(failure.result))
    headline = table_headline if reader is TABLE else document_headline
    return Finding(file.name, reader.kind, result, headline(result.outputs))


def reason(result: SkillResult) -> str:
    """Why a call failed, in words; a document's own error says more than its skill's."""
    error = result.error or {}
    inner = (error.get("details") or error).get("errors") or []
    if inner and isinstance(inner[0], dict) and inner[0].get("message"):
        return inner[0]["message"]
    return error.get("message") or f"The call ended as {result.state}."


if __name__ == "__main__":
    main()
