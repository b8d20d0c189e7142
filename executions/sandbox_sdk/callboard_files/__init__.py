"""Read files of the common kinds: their text, and their tables as columns of strings.

The shipped skills share it, and a script may import it like `callboard_skill`:

    from callboard_files import read_document, read_table, reason_to_skip

Decision: it lies beside `callboard_skill` and not in a bundle, because a bundle sees only its own files.
The heavy libraries are loaded with the reader that needs them.
"""

from callboard_files.document import Document, Heading, Unreadable
from callboard_files.kinds import FORMATS, TABLE_FORMATS, read_document, read_table, reason_to_skip
from callboard_files.table import Table

__all__ = [
    "FORMATS",
    "TABLE_FORMATS",
    "Document",
    "Heading",
    "Table",
    "Unreadable",
    "read_document",
    "read_table",
    "reason_to_skip",
]
