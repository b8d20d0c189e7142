"""Prepare the parts of a Word file for mammoth: what it passes over is put where it looks."""

import io
import re
import zipfile
from copy import deepcopy
from dataclasses import dataclass, field

from callboard_files.document import Unreadable
from callboard_files.office import local, parsed
from lxml import etree

# Their children count, they themselves say nothing of the text.
UNWRAPPED = frozenset({"moveTo", "fldSimple", "customXml", "dir", "bdo", "rubyBase", "ruby"})
DROPPED = frozenset({"moveFrom", "del", "rt", "delText"})
# What mammoth builds from it takes some thirty times its size.
MAX_PART = 16 * 1024 * 1024
CHANGES = frozenset({"ins", "del", "moveFrom", "moveTo"})
TEXT_PARTS = re.compile(r"word/(document\d*|footnotes|endnotes)\.xml")
AROUND_PARTS = re.compile(r"word/(header|footer)\d*\.xml")


@dataclass
class Prepared:
    """`stream` is a Word file again; `style_map` names the headings for mammoth."""

    stream: io.BytesIO
    style_map: str
    warnings: list[str] = field(default_factory=list)


def prepared(container: zipfile.ZipFile) -> Prepared:
    """The file with its headers and footers in its body and one version of its text."""
    names = container.namelist()
    if any(container.getinfo(name).file_size > MAX_PART for name in names if TEXT_PARTS.fullmatch(name)):
        raise Unreadable("The text of the Word file takes more than 16 MiB.")
    roots = {name: parsed(container.read(name)) for name in names if TEXT_PARTS.fullmatch(name)}
    around = {name: parsed(container.read(name)) for name in sorted(names) if AROUND_PARTS.fullmatch(name)}
    warnings = doubts([*roots.values(), *around.values()], names, container)
    for root in (*roots.values(), *around.values()):
        simplify(root)
    for root in roots.values():
        body = root.find("{*}body")
        if body is not None:
            add_around(body, around)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as written:
        for name in dict.fromkeys(names):
            if name in roots:
                written.writestr(name, etree.tostring(roots[name]))
            elif not name.startswith("word/media/"):
                written.writestr(name, container.read(name))
    stream.seek(0)
    return Prepared(stream, style_map(container), warnings)


def doubts(roots: list[etree._Element], names: list[str], container: zipfile.ZipFile) -> list[str]:
    """Sentences on what Word shows otherwise than the text does."""
    found = {local(element) for root in roots for element in root.iter("{*}*")}
    warnings = []
    if found & CHANGES:
        warnings.append("The document has tracked changes; this is the text with all of them accepted.")
    if "vanish" in found:
        warnings.append("The document has hidden text, which is part of the text here.")
    if "word/comments.xml" in names and b":comment " in container.read("word/comments.xml"):
        warnings.append("The document has comments, which are not part of the text.")
    return warnings


def simplify(root: etree._Element) -> None:
    """One of two alternatives, no moved or deleted text, formulas as text."""
    for element in list(root.iter("{*}AlternateContent")):
        choose(element)
    for element in list(root.iter("{*}oMath")):
        formula = "".join(part.text or "" for part in element.iter("{*}t"))
        replace(element, [run_of(root, formula)])
    for element in list(root.iter("{*}*")):
        name = local(element)
        if element.getparent() is None or local(element.getparent()) in ("rPr", "trPr", "tcPr"):
            continue
        if name in DROPPED:
            replace(element, [])
        elif name in UNWRAPPED:
            replace(element, list(element))


def choose(alternative: etree._Element) -> None:
    """The older way to write it where that has the same text, which mammoth reads; else the newer one."""
    texts = {local(each): "".join(part.text or "" for part in each.iter("{*}t")) for each in alternative}
    if texts.get("Choice", "") and not texts.get("Fallback", ""):
        choice = next(each for each in alternative if local(each) == "Choice")
        boxes = list(choice.iter("{*}txbxContent"))
        outer = [
            box for box in boxes if not any(local(above) == "txbxContent" for above in box.iterancestors())
        ]
        replace(alternative, outer or list(choice))


def replace(element: etree._Element, by: list[etree._Element]) -> None:
    parent = element.getparent()
    if parent is None:
        return
    place = parent.index(element)
    parent[place : place + 1] = by


def run_of(root: etree._Element, text: str) -> etree._Element:
    space = etree.QName(root).namespace
    run = etree.Element(f"{{{space}}}r")
    etree.SubElement(run, f"{{{space}}}t").text = text
    return run


def add_around(body: etree._Element, around: dict[str, etree._Element]) -> None:
    """Headers before the text and footers behind it, each text once."""
    told: set[str] = set()
    first: list[etree._Element] = []
    last: list[etree._Element] = []
    for name, root in around.items():
        text = "".join(part.text or "" for part in root.iter("{*}t")).strip()
        # A bare number is the page's, as it was when the file was saved.
        if not text or text in told or text.isdigit():
            continue
        told.add(text)
        blocks = [deepcopy(block) for block in root if local(block) in ("p", "tbl", "sdt")]
        (first if "header" in name else last).extend(blocks)
    for block in (*first, *last):
        # What a link points to is listed beside the header, not beside the body.
        for link in list(block.iter("{*}hyperlink")):
            replace(link, list(link))
        for picture in list(block.iter("{*}blip", "{*}imagedata")):
            replace(picture, [])
    for place, block in enumerate(first):
        body.insert(place, block)
    end = next((body.index(each) for each in body if local(each) == "sectPr"), len(body))
    for place, block in enumerate(last):
        body.insert(end + place, block)


def style_map(container: zipfile.ZipFile) -> str:
    """A line for each style that is a heading by its name or by the style it is based on."""
    if "word/styles.xml" not in container.namelist():
        return ""
    names: dict[str, str] = {}
    parents: dict[str, str] = {}
    for style in parsed(container.read("word/styles.xml")).iter("{*}style"):
        key = value_of(style, "styleId")
        name, parent = style.find("{*}name"), style.find("{*}basedOn")
        names[key] = value_of(name, "val") if name is not None else ""
        parents[key] = value_of(parent, "val") if parent is not None else ""
    lines = []
    for key, name in names.items():
        if (level := level_of(key, names, parents)) and "'" not in name and "\n" not in name and name:
            lines.append(f"p[style-name='{name}'] => h{min(6, level)}:fresh")
    return "\n".join(lines)


def level_of(key: str, names: dict[str, str], parents: dict[str, str]) -> int | None:
    for _ in range(20):
        name = names.get(key, "")
        if name.lower() == "title":
            return 1
        if found := re.fullmatch(r"heading ([1-9])", name, re.IGNORECASE) or re.fullmatch(
            r"Heading([1-9])", key
        ):
            return int(found[1])
        if not (key := parents.get(key, "")):
            return None
    return None


def value_of(element: etree._Element, attribute: str) -> str:
    return next((value for key, value in element.attrib.items() if key.endswith(f"}}{attribute}")), "")
