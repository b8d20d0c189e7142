"""The page around the sections: heading, overview and what was left out."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from callboard_skill import SkillResult
from document_section import document_body
from markup import badge, escaped, plural
from table_section import table_body

STYLE = Path(__file__).parent.parent / "assets" / "report.css"
# Nothing in the report may run or fetch anything, whatever the files contained.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Finding:
    """What is known of one file; `headline` is one line about it, or why its call failed."""

    file: str
    kind: str
    result: SkillResult
    headline: str

    @property
    def succeeded(self) -> bool:
        return self.result.state == "succeeded"

    def as_json(self) -> dict:
        return {
            "file": self.file,
            "kind": self.kind,
            "skill": self.result.skill,
            "execution_id": self.result.execution_id,
            "state": self.result.state,
            "headline": self.headline,
        }


def write_report(title: str, note: str, findings: list[Finding], skipped: list[dict]) -> str:
    """The whole HTML document; everything that came from files is escaped."""
    now = datetime.now(UTC)
    sections = "\n".join(section(number, finding) for number, finding in enumerate(findings, start=1))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{escaped(title)}</title>
<style>
{STYLE.read_text("utf-8")}</style>
</head>
<body>
<main>
<header>
<p class="date"><time datetime="{now:%Y-%m-%dT%H:%MZ}">{now.day} {now:%B %Y, %H:%M} UTC</time></p>
<h1>{escaped(title)}</h1>
{paragraphs(note)}
{overview(findings)}
</header>
{sections}
{left_out(skipped)}
</main>
</body>
</html>
"""


def paragraphs(note: str) -> str:
    blocks = (block.strip() for block in note.split("\n\n"))
    return "\n".join(f'<p class="note">{escaped(block)}</p>' for block in blocks if block)


def overview(findings: list[Finding]) -> str:
    """The list of contents, one row for each file."""
    rows = "\n".join(
        f'<li><a href="#file-{number}"><span class="file">{escaped(finding.file)}</span>'
        f'<span class="headline">{escaped(finding.headline)}</span>{state_badge(finding)}</a></li>'
        for number, finding in enumerate(findings, start=1)
    )
    return f'<ol class="contents">\n{rows}\n</ol>'


def state_badge(finding: Finding) -> str:
    if not finding.succeeded:
        return badge(finding.result.state, "bad")
    count = len(warnings_of(finding))
    return badge(plural(count, "warning"), "warn") if count else badge("ok", "good")


def warnings_of(finding: Finding) -> list:
    outputs = finding.result.outputs
    return outputs["warnings"] if finding.kind == "table" else outputs["documents"][0]["warnings"]


def section(number: int, finding: Finding) -> str:
    if not finding.succeeded:
        body = (
            f'<p class="failure"><b>{escaped(finding.result.skill)}</b> says: {escaped(finding.headline)}</p>'
        )
    elif finding.kind == "table":
        body = table_body(finding.result)
    else:
        body = document_body(finding.result.outputs)
    return f"""<section id="file-{number}">
<p class="kind">{finding.kind}</p>
<h2>{escaped(finding.file)}</h2>
{body}
</section>"""


def left_out(skipped: list[dict]) -> str:
    if not skipped:
        return ""
    items = "".join(f"<li>{escaped(each['file'])}: {escaped(each['reason'])}</li>" for each in skipped)
    return f"<footer><p>Not included:</p><ul>{items}</ul></footer>"
