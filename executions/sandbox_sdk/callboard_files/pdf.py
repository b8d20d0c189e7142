"""Read the text, bookmarks, form values and properties of a PDF."""

import ctypes
import re
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
from callboard_files.document import Document, Heading, Unreadable

PROPERTIES = {
    "Author": "author",
    "Subject": "subject",
    "Keywords": "keywords",
    "Creator": "creator",
    "Producer": "producer",
    "CreationDate": "created",
}
# What programs write where nobody said anything.
NOT_SAID = frozenset({"untitled", "anonymous", "(anonymous)", "unspecified", "(unspecified)"})
MAX_PAGES = 2_000
MAX_BOOKMARKS = 5_000
DOUBLED = re.compile(r"(?:([^\W\d])\1|--){5,}")
# Where more than this part of the characters has no meaning, the text is not to be trusted.
FEW_UNKNOWN = 0.02
# PDFium writes this where a word was cut at the end of a line.
CUT_WORD = "\ufffe"


def read_document(source: Path, _encoding: str | None = None) -> Document:
    """Raises Unreadable for a PDF that needs a password, is broken or has no text."""
    try:
        pdf = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise Unreadable("The PDF is encrypted: it needs a password.") from None
        if "security" in str(error).lower():
            raise Unreadable("The PDF is encrypted in a way that cannot be read here.") from None
        raise Unreadable(f"The PDF is broken: {error}.") from error
    try:
        return read_pages(pdf)
    finally:
        pdf.close()


def read_pages(pdf: pypdfium2.PdfDocument) -> Document:
    count = len(pdf)
    if not count:
        raise Unreadable("The PDF is broken: it has no pages.")
    if count > MAX_PAGES:
        raise Unreadable(f"The PDF has {count:,} pages; at most {MAX_PAGES:,} are read.")
    has_form = pdf.get_formtype() != pdfium.FORMTYPE_NONE
    if has_form:
        pdf.init_forms()
    texts: list[str] = []
    broken = unknown = characters = 0
    for number in range(count):
        try:
            page = pdf[number]
            text_page = page.get_textpage()
            text = (
                text_page.get_text_range(errors="replace")
                .replace(f"{CUT_WORD}\r\n", "")
                .replace(CUT_WORD, "")
            )
        except pypdfium2.PdfiumError:
            broken += 1
            texts.append("")
            continue
        characters += len(text)
        unknown += unknown_count(text_page, text)
        text = undoubled(text)
        if has_form:
            text = "\n".join([text, *form_values(pdf, page)])
        texts.append(text)
        page.close()
    warnings = doubts(texts, broken=broken, unknown=unknown, characters=characters)
    if not any(text.strip() for text in texts):
        raise Unreadable("The PDF has no text: its pages may be scanned pictures.")
    said = {key: value for key, value in pdf.get_metadata_dict().items() if value.lower() not in NOT_SAID}
    return Document(
        "pdf",
        "\n\n".join(texts),
        title=said.get("Title"),
        outline=bookmarks(pdf, warnings),
        page_count=count,
        metadata={name: moment(said.get(key, "")) for key, name in PROPERTIES.items()},
        warnings=warnings,
    )


def undoubled(text: str) -> str:
    """Some programs draw each letter twice to make it bold."""
    return DOUBLED.sub(lambda run: run[0][::2] if len(set(run[0])) > 3 else run[0], text)


def doubts(texts: list[str], *, broken: int, unknown: int, characters: int) -> list[str]:
    warnings = []
    empty = sum(not text.strip() for text in texts) - broken
    if empty and empty < len(texts):
        warnings.append(f"Pages without any text, which may be pictures: {empty:,} of {len(texts):,}.")
    if broken:
        warnings.append(f"Pages that are broken and were left out: {broken:,} of {len(texts):,}.")
    if characters and unknown > characters * FEW_UNKNOWN:
        warnings.append(
            "A font does not say which characters its signs stand for: parts of the text may be wrong."
        )
    return warnings


def unknown_count(text_page: pypdfium2.PdfTextPage, text: str) -> int:
    """Characters that the fonts give no meaning."""
    odd = sum(
        char == "\ufffd" or "\ue000" <= char <= "\uf8ff" or (char < " " and char not in "\r\n\t")
        for char in text
    )
    total = text_page.count_chars()
    unmapped = sum(
        pdfium.FPDFText_HasUnicodeMapError(text_page, place) == 1 for place in range(min(total, 3000))
    )
    return max(odd, unmapped)


def form_values(pdf: pypdfium2.PdfDocument, page: pypdfium2.PdfPage) -> list[str]:
    """`name: value` for each field that is filled in, once."""
    lines: dict[str, None] = {}
    for index in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            kind = pdfium.FPDFAnnot_GetFormFieldType(pdf.formenv, annotation)
            name = wide(pdfium.FPDFAnnot_GetFormFieldName, pdf.formenv, annotation)
            value = wide(pdfium.FPDFAnnot_GetFormFieldValue, pdf.formenv, annotation).strip()
            if kind in (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON):
                if not pdfium.FPDFAnnot_IsChecked(pdf.formenv, annotation):
                    continue
                value = value or "yes"
            elif kind in (pdfium.FPDF_FORMFIELD_PUSHBUTTON, pdfium.FPDF_FORMFIELD_SIGNATURE) or kind <= 0:
                continue
            if value:
                lines[f"{name}: {value}"] = None
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)
    return list(lines)


def wide(ask, *arguments) -> str:  # noqa: ANN001, ANN002 - functions and handles of a C library
    """What a function of PDFium writes as UTF-16 into a buffer."""
    size = ask(*arguments, None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    ask(*arguments, ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace")


def bookmarks(pdf: pypdfium2.PdfDocument, warnings: list[str]) -> list[Heading]:
    """Those that can be read; a broken one costs itself and not the text."""
    found: list[Heading] = []
    try:
        for entry in pdf.get_toc(max_depth=9):
            target = entry.get_dest()
            page = target.get_index() if target else None
            found.append(Heading(entry.level + 1, entry.get_title(), None if page is None else page + 1))
            if len(found) >= MAX_BOOKMARKS:
                break
    except (pypdfium2.PdfiumError, ValueError):
        warnings.append("The bookmarks are broken; only some of them are in the outline.")
    return found


def moment(text: str) -> str:
    """A PDF's own way to write a time, as ISO 8601; anything else as it is."""
    digits = text.removeprefix("D:")
    if not text.startswith("D:") or not digits[:8].isdigit():
        return text
    day = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"
    clock = digits[8:14]
    return f"{day}T{clock[:2]}:{clock[2:4]}:{clock[4:6]}" if len(clock) == 6 and clock.isdigit() else day
