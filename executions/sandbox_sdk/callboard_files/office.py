"""What Word, PowerPoint and Excel files share: a zip of XML parts with properties."""

import zipfile
from pathlib import Path

from callboard_files.document import Unreadable
from lxml import etree

# Office files before 2007, and new ones with a password, are this kind of container.
OLE_BEGINNING = b"\xd0\xcf\x11\xe0"
MAX_UNPACKED = 200 * 1024 * 1024
PROPERTIES = {
    "title": "title",
    "creator": "author",
    "subject": "subject",
    "keywords": "keywords",
    "category": "category",
    "description": "comments",
    "language": "language",
    "lastModifiedBy": "last_modified_by",
    "created": "created",
    "modified": "modified",
}


def refuse_unfit(source: Path, program: str) -> None:
    """Raises Unreadable for an old, encrypted, broken or overlarge file."""
    with source.open("rb") as stream:
        if stream.read(4) == OLE_BEGINNING:
            raise Unreadable(f"The {program} file is encrypted, or older than {source.suffix.lower()}.")
    try:
        with zipfile.ZipFile(source) as container:
            if sum(member.file_size for member in container.infolist()) > MAX_UNPACKED:
                raise Unreadable(f"The {program} file unpacks to more than 200 MiB.")
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise Unreadable(f"The {program} file is broken: {error}.") from error


def properties(container: zipfile.ZipFile) -> dict[str, str]:
    """What the file says of itself; nothing where it does not."""
    found: dict[str, str] = {}
    for name in container.namelist():
        if name.startswith("docProps/core") and name.endswith(".xml"):
            for element in parsed(container.read(name)).iter("{*}*"):
                key = PROPERTIES.get(local(element))
                if key and element.text:
                    found[key] = element.text
    return found


def parsed(part: bytes) -> etree._Element:
    """The root of a part; entities are left alone and nothing is fetched."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(part, parser)


def local(element: etree._Element) -> str:
    """The name without its namespace: files of the strict kind have other namespaces."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""
