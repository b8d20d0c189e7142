"""Read the text of a presentation, slide by slide, with its notes."""

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pptx
from callboard_files.document import Document, Heading
from callboard_files.office import parsed, properties, refuse_unfit
from pptx.chart.chart import Chart
from pptx.shapes.base import BaseShape
from pptx.slide import Slide

DEEPEST_GROUP = 20


def read_document(source: Path, _encoding: str | None = None) -> Document:
    """Raises Unreadable, or what the library raises for a broken file."""
    refuse_unfit(source, "PowerPoint")
    with zipfile.ZipFile(source) as container:
        facts = properties(container)
    shown = pptx.Presentation(str(source))
    lines: list[str] = []
    outline: list[Heading] = []
    hidden = 0
    for number, slide in enumerate(shown.slides, start=1):
        hidden += slide.element.get("show") == "0"
        title = slide.shapes.title
        if title is not None and title.has_text_frame:
            outline.append(Heading(1, title.text_frame.text, number))
        lines += [*slide_lines(slide), ""]
    warnings = [f"Hidden slides are part of the text: {hidden:,}."] if hidden else []
    title_of_file = facts.pop("title", None)
    # What the program writes into every new file is no title.
    if title_of_file == "PowerPoint Presentation":
        title_of_file = None
    return Document(
        "pptx",
        "\n".join(lines),
        title=title_of_file,
        outline=outline,
        page_count=len(shown.slides),
        metadata=facts,
        warnings=warnings,
    )


def slide_lines(slide: Slide) -> Iterator[str]:
    yield from shape_lines(slide.shapes, DEEPEST_GROUP)
    for part in slide.part.rels.values():
        # The words of a SmartArt drawing are in a part of their own.
        if part.reltype.endswith("/diagramData") and not part.is_external:
            for paragraph in parsed(part.target_part.blob).iter("{*}p"):
                yield "".join(text.text or "" for text in paragraph.iter("{*}t"))
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = slide.notes_slide.notes_text_frame.text.strip()
        if notes:
            yield from ("", f"Notes: {notes}")


def shape_lines(shapes: Iterable[BaseShape], depth: int) -> Iterator[str]:
    for shape in shapes:
        if hasattr(shape, "shapes"):
            if depth:
                yield from shape_lines(shape.shapes, depth - 1)
        elif shape.has_text_frame:
            yield from shape.text_frame.text.replace("\v", "\n").splitlines()
            yield ""
        elif getattr(shape, "has_table", False):
            for row in shape.table.rows:
                yield " | ".join(" ".join(cell.text.split()) for cell in row.cells if not cell.is_spanned)
            yield ""
        elif getattr(shape, "has_chart", False):
            try:
                yield from chart_lines(shape.chart)
            # The library knows not every kind of chart; the other shapes do not depend on it.
            except (ValueError, KeyError, AttributeError, TypeError):
                yield "(A chart that cannot be read.)"


def chart_lines(chart: Chart) -> Iterator[str]:
    """Its title, its categories, and a line for each series."""
    if chart.has_title and chart.chart_title.has_text_frame:
        yield chart.chart_title.text_frame.text
    for plot in chart.plots:
        yield " | ".join(str(category) for category in plot.categories)
        for series in plot.series:
            yield " | ".join([str(series.name), *(str(value) for value in series.values)])
