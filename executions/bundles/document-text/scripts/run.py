"""Read each document in turn, tell about it, and hand over its text."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from callboard_skill import artifact, fail, inputs, materials, output, progress, text
from document import Document, Unreadable, counted
from docx_reader import read_docx
from html_reader import read_html
from pdf_reader import read_pdf
from text_readers import read_markdown, read_text

OUTPUTS = Path("outputs")
MAX_OUTLINE = 500
MAX_SOURCE = 100 * 1024 * 1024
READERS = {
    ".pdf": read_pdf,
    ".docx": read_docx,
    ".html": read_html,
    ".htm": read_html,
    ".xhtml": read_html,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".txt": read_text,
    ".text": read_text,
    ".log": read_text,
    ".rst": read_text,
}


def main() -> None:
    OUTPUTS.mkdir(exist_ok=True)
    documents, errors = [], []
    files = list(chosen_files())
    for index, source in enumerate(files):
        progress(round(index / len(files), 3), f"Reading {source.name}")
        try:
            documents.append(hand_over(source, read(source)))
        except Unreadable as problem:
            text(f"{source.name}: {problem}\n")
            errors.append({"file": source.name, "message": str(problem)})
    if not documents:
        fail("None of the files could be read.", errors=errors)
    outlines = {each["file"]: each["outline"] for each in documents}
    (OUTPUTS / "outline.json").write_text(json.dumps(outlines, indent=2, ensure_ascii=False), "utf-8")
    artifact(OUTPUTS / "outline.json", "outline")
    progress(1.0, "Done")
    output(documents=documents, errors=errors, word_count=sum(each["word_count"] for each in documents))


def chosen_files() -> Iterator[Path]:
    """The files that were asked for, else all of a known kind; fails when there is none."""
    staged = {file.name: file for file in materials()}
    wanted = inputs.get("files") or [name for name in staged if Path(name).suffix.lower() in READERS]
    if not wanted:
        fail(f"There is no document to read: stage {', '.join(READERS)} files.", staged=list(staged))
    if missing := [name for name in wanted if name not in staged]:
        fail(f"Not staged: {', '.join(missing)}.", staged=list(staged))
    yield from (staged[name] for name in wanted)


def read(source: Path) -> Document:
    reader = READERS.get(source.suffix.lower())
    if reader is None:
        raise Unreadable(f"Files that end in {source.suffix or 'nothing'!r} are not supported.")
    size = source.stat().st_size
    if not size:
        raise Unreadable("The file is empty.")
    if size > MAX_SOURCE:
        raise Unreadable("The file is larger than 100 MiB.")
    return reader(source)


def hand_over(source: Path, document: Document) -> dict:
    """Write the text as an artifact and return what the outputs say of the document."""
    target = OUTPUTS / f"{source.name}.txt"
    target.write_text(document.text + "\n", "utf-8")
    artifact(target, "text")
    facts = [counted(document.word_count, "word"), counted(len(document.outline), "heading")]
    if document.page_count:
        facts.insert(1, counted(document.page_count, "page"))
    text(f"{source.name}: {', '.join(facts)}\n")
    longest = inputs.get("max_characters", 20_000)
    return {
        "file": source.name,
        "format": document.format,
        "title": document.title,
        "text": document.text[:longest],
        "truncated": len(document.text) > longest,
        "character_count": len(document.text),
        "word_count": document.word_count,
        "page_count": document.page_count,
        "outline": [asdict(heading) for heading in document.outline[:MAX_OUTLINE]],
        "metadata": document.metadata,
        "text_path": target.as_posix(),
    }


if __name__ == "__main__":
    main()
