"""Links, anchors, tables and sizes of README and the documents in `docs/`."""

import re
from pathlib import Path

import pytest

from config.environment import Environment
from objectives.representations.events import TYPES
from spaces.throttling import parse_rate
from spaces.ticket_scopes import May

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").glob("*.md"))]
PACKAGES = ("config", "spaces", "executions", "objectives")
CODE = re.compile(r"^(`{3,}).*?^\1$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")
READ_ELSEWHERE = {"CALLBOARD_DATA_DIR", "ASGI_SERVER"}  # before there are settings, and by one command
SET_BY_COMMANDS = {"CALLBOARD_LOCAL"}
UNSURPRISING = {"migrations", "management", "templatetags"}


def prose(document: Path) -> str:
    """The text without code, which may look like anything."""
    return CODE.sub("", document.read_text())


def anchors(document: Path) -> set[str]:
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def section(document: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its level; it must exist."""
    _, found, rest = (ROOT / document).read_text().partition(f"\n## {heading}\n")
    assert found, f"{document} has no section {heading}"
    return rest.partition("\n## ")[0]


def first_cells(text: str) -> list[str]:
    """The names in backticks that stand in the first column of tables."""
    cells = re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    links = [one or other for one, other in LINK.findall(prose(document))]
    lost = []
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        is_there = target.exists() and target.is_relative_to(ROOT)
        if not is_there or (anchor and anchor not in anchors(target)):
            lost.append(link)

    assert lost == []


def test_every_document_can_be_reached_from_the_readme() -> None:
    links = {one for one, _ in LINK.findall(prose(README))}

    assert {f"docs/{document.name}" for document in DOCUMENTS if document != README} <= {
        link.partition("#")[0] for link in links
    }


def test_the_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) <= 150


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_row_of_a_table_has_as_many_cells_as_its_head(document: Path) -> None:
    tables = re.findall(r"(?:^\|.*\n)+", prose(document), re.MULTILINE)

    for table in tables:
        widths = {line.replace("\\|", "").count("|") for line in table.splitlines()}
        assert len(widths) == 1, table


def test_every_decision_is_in_the_index() -> None:
    decided = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if "Decision: " in path.read_text()
    }
    rows = section("docs/architecture.md", "Decisions")
    indexed = re.findall(r"^\| .+ \| \[([^\]]+)\]\(\.\./\1\) \|$", rows, re.MULTILINE)

    assert sorted(indexed) == sorted(decided)


def test_the_map_names_every_package_and_nothing_else() -> None:
    rows = section("docs/architecture.md", "Where does what live")
    named = set(re.findall(r"`([^`]+)`", "".join(re.findall(r"\|([^|]+)\|$", rows, re.MULTILINE))))
    in_each_app = {name for name in named if not (ROOT / name).exists()}
    packages = {
        f"{folder.relative_to(ROOT)}/"
        for app in ("executions", "objectives")
        for folder in (ROOT / app).iterdir()
        if (folder / "__init__.py").exists() and folder.name not in UNSURPRISING
    }

    for name in in_each_app:
        assert any((ROOT / app / name).is_dir() for app in PACKAGES), name
    assert packages <= named | {f"{app}/{name}" for app in PACKAGES for name in in_each_app}


def test_every_setting_is_listed() -> None:
    rows = re.findall(r"^\|.*", section("docs/reference.md", "Settings"), re.MULTILINE)
    listed = set(re.findall(r"`([A-Z0-9_]+)`", "".join(rows)))
    settings = {name.upper() for name in Environment.model_fields} - SET_BY_COMMANDS

    assert settings <= listed
    assert set(first_cells("\n".join(rows))) - READ_ELSEWHERE <= settings


def test_the_rate_limit_of_a_key_is_told_as_it_is() -> None:
    rate = Environment.model_fields["rate_limit"].default
    count, seconds = parse_rate(rate)

    assert f"| `RATE_LIMIT` | `{rate}` |" in section("docs/reference.md", "Settings")
    assert f"{count:,} a minute ({count // seconds} a second)" in section("docs/reference.md", "Limits")


def test_every_type_of_event_of_an_objective_is_listed() -> None:
    listed = set(first_cells(section("docs/reference.md", "Events of objectives")))

    assert listed >= TYPES


def test_what_tickets_let_do_is_what_the_code_knows() -> None:
    assert set(May) <= set(first_cells(section("docs/chat-clients.md", "Tickets")))
