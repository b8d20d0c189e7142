"""Read each document in turn, tell about it, and hand over its text."""

import json
from dataclasses import asdict
from pathlib import Path

from callboard_files import Document, Unreadable, read_document, reason_to_skip
from callboard_files.document import counted
from callboard_skill import artifact, fail, inputs, materials, output, progress, text

OUTPUTS = Path("outputs")
MAX_OUTLINE = 500


def main() -> None:
    OUTPUTS.mkdir(exist_ok=True)
    documents, errors = [], []
    files, skipped = chosen_files()
    for index, source in enumerate(files):
        progress(round(index / len(files), 3), f"Reading {source.name}")
        try:
            documents.append(hand_over(source, read_document(source, encoding=inputs.get("encoding"))))
        except Unreadable as problem:
            text(f"{source.name}: {problem}\n")
            errors.append({"file": source.name, "message": str(problem)})
    if not documents:
        fail("None of the files could be read.", errors=errors, skipped=skipped)
    outlines = {each["file"]: each["outline"] for each in documents}
    (OUTPUTS / "outline.json").write_text(json.dumps(outlines, indent=2, ensure_ascii=False), "utf-8")
    artifact(OUTPUTS / "outline.json", "outline")
    progress(1.0, "Done")
    output(
        documents=documents,
        errors=errors,
        skipped=skipped,
        word_count=sum(each["word_count"] for each in documents),
    )


def chosen_files() -> tuple[list[Path], list[dict]]:
    """The files to read, and those of other kinds with the reason; fails when there is none to read.

    A file that was asked for and is of another kind is read all the same, and then is an error.
    """
    staged = {file.name: file for file in materials()}
    wanted = inputs.get("files")
    if wanted is None:
        reasons = {name: reason_to_skip(file) for name, file in staged.items()}
        wanted = [name for name, reason in reasons.items() if reason is None]
    else:
        reasons = dict.fromkeys((name for name in staged if name not in wanted), "It was not asked for.")
    skipped = [{"file": name, "reason": reason} for name, reason in reasons.items() if reason is not None]
    if not wanted:
        fail("There is no document to read among the staged files.", staged=list(staged), skipped=skipped)
    if missing := [name for name in wanted if name not in staged]:
        fail(f"Not staged: {', '.join(missing)}.", staged=list(staged))
    return [staged[name] for name in wanted], skipped


def hand_over(source: Path, document: Document) -> dict:
    """Write the text as an artifact and return what the outputs say of the document."""
    target = OUTPUTS / f"{source.name}.txt"
    target.write_text(document.text + "\n", "utf-8")
    artifact(target, "text")
    facts = [counted(document.word_count, "word"), counted(len(document.outline), "heading")]
    if document.page_count:
        facts.insert(1, counted(document.page_count, "page"))
    text(f"{source.name}: {', '.join(facts)}\n")
    for warning in document.warnings:
        text(f"  ! {warning}\n")
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
        "encoding": document.encoding,
        "warnings": document.warnings,
        "text_path": target.as_posix(),
    }


if __name__ == "__main__":
    main()
