"""Small Office files, written part by part: what a library would not write can be in them."""

import io
import zipfile
from xml.sax.saxutils import escape

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
SLIDES = "http://schemas.openxmlformats.org/presentationml/2006/main"
SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "application/vnd.openxmlformats-officedocument"


def packed(types: dict[str, str], parts: dict[str, str]) -> bytes:
    """A package of `parts`; `types` has the content type of those that need one."""
    overrides = "".join(
        f'<Override PartName="/{name}" ContentType="{kind}"/>' for name, kind in types.items()
    )
    content = (
        f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr("[Content_Types].xml", content)
        for name, text in parts.items():
            package.writestr(name, text)
    return stream.getvalue()


def links(*targets: tuple[str, str]) -> str:
    """The relationships of a part: (kind, target), with the ids r1, r2 and so on."""
    items = "".join(
        f'<Relationship Id="r{number}" Type="{LINKS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{items}</Relationships>'


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p>{properties}<w:r><w:t xml:space='preserve'>{escape(text)}</w:t></w:r></w:p>"


def word_file(body: str, *, header: str = "", footnote: str = "") -> bytes:
    """A Word file with this body; it states no title and no author."""
    spaces = (
        f'xmlns:w="{WORD}" xmlns:r="{LINKS}" '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    )
    kind = f"{OFFICE}.wordprocessingml"
    parts = {
        "_rels/.rels": links(("officeDocument", "word/document.xml")),
        "word/document.xml": f"<w:document {spaces}><w:body>{body}</w:body></w:document>",
        "word/_rels/document.xml.rels": links(("header", "header1.xml"), ("footnotes", "footnotes.xml")),
        "word/header1.xml": f"<w:hdr {spaces}>{paragraph(header)}</w:hdr>",
        "word/footnotes.xml": f'<w:footnotes {spaces}><w:footnote w:id="2">{paragraph(footnote)}'
        "</w:footnote></w:footnotes>",
    }
    types = {
        "word/document.xml": f"{kind}.document.main+xml",
        "word/header1.xml": f"{kind}.header+xml",
        "word/footnotes.xml": f"{kind}.footnotes+xml",
    }
    return packed(types, parts)


def workbook(**sheets: list[list[str | float]]) -> bytes:
    """An Excel file with these sheets; texts are in the cells themselves."""
    kind = f"{OFFICE}.spreadsheetml"
    names = list(sheets)
    listed = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="r{number}"/>' for number, name in enumerate(names, 1)
    )
    parts = {
        "_rels/.rels": links(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{SHEETS}" xmlns:r="{LINKS}">'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": links(
            *(("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(names) + 1))
        ),
    }
    types = {"xl/workbook.xml": f"{kind}.sheet.main+xml"}
    for number, rows in enumerate(sheets.values(), start=1):
        cells = "".join(f"<row>{''.join(cell_of(value) for value in row)}</row>" for row in rows)
        name = f"xl/worksheets/sheet{number}.xml"
        parts[name] = f'<worksheet xmlns="{SHEETS}"><sheetData>{cells}</sheetData></worksheet>'
        types[name] = f"{kind}.worksheet+xml"
    return packed(types, parts)


def cell_of(value: str | float) -> str:
    if value == "#DIV/0!":
        return '<c t="e"><v>#DIV/0!</v></c>'
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"<c><v>{value}</v></c>"


def slide_show(*texts: str) -> bytes:
    """A presentation with one slide for each text."""
    kind = f"{OFFICE}.presentationml"
    listed = "".join(f'<p:sldId id="{255 + n}" r:id="r{n}"/>' for n in range(1, len(texts) + 1))
    spaces = f'xmlns:a="{DRAWING}" xmlns:p="{SLIDES}" xmlns:r="{LINKS}"'
    parts = {
        "_rels/.rels": links(("officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": f"<p:presentation {spaces}><p:sldIdLst>{listed}</p:sldIdLst>"
        "</p:presentation>",
        "ppt/_rels/presentation.xml.rels": links(
            *(("slide", f"slides/slide{number}.xml") for number in range(1, len(texts) + 1))
        ),
    }
    types = {"ppt/presentation.xml": f"{kind}.presentation.main+xml"}
    for number, text in enumerate(texts, start=1):
        name = f"ppt/slides/slide{number}.xml"
        shape = (
            '<p:sp><p:nvSpPr><p:cNvPr id="2" name="Title"/><p:cNvSpPr/><p:nvPr><p:ph type="title"/>'
            "</p:nvPr></p:nvSpPr>"
            f"<p:spPr/><p:txBody><a:bodyPr/><a:p><a:r><a:t>{escape(text)}</a:t></a:r></a:p></p:txBody></p:sp>"
        )
        group = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
        parts[name] = f"<p:sld {spaces}><p:cSld><p:spTree>{group}{shape}</p:spTree></p:cSld></p:sld>"
        types[name] = f"{kind}.slide+xml"
    return packed(types, parts)
