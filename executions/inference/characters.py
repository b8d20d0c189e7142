"""Characters that a provider sends in halves: surrogate pairs cut between two chunks."""

import re

REPLACEMENT = "\ufffd"
_HALVES = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def whole(text: str) -> str:
    """The text with its pairs of surrogates as the characters that they are, and U+FFFD for a lone half.

    JSON may escape an emoji as two halves; where they come in different chunks nobody has put them together.
    """
    if not _HALVES.search(text):
        return text
    paired = _PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)
    return _HALVES.sub(REPLACEMENT, paired)


class Halves:
    """For a text that arrives in pieces: the first half of a pair waits for the second."""

    def __init__(self) -> None:
        self._held = ""

    def add(self, piece: str) -> str:
        """What of the text so far is whole."""
        text, self._held = self._held + piece, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._held = text[:-1], text[-1]
        return whole(text)

    def rest(self) -> str:
        """What is left at the end of the text."""
        text, self._held = self._held, ""
        return whole(text)
