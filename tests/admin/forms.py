"""What a browser would send of a page's form, read from its HTML."""

from html.parser import HTMLParser
from typing import Any

from django.http import HttpResponse

UNSENT = {"submit", "button", "file", "image", "reset"}


class _Fields(HTMLParser):
    """Names and values of the form with an id."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self._form_id = form_id
        self._is_inside = False
        self._select: tuple[str, bool] | None = None  # its name, and whether it takes several
        self._text: str | None = None
        self.sent: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "form":
            self._is_inside = given.get("id") == self._form_id
        if not self._is_inside or "disabled" in given:
            return
        if tag == "input" and name and given.get("type") not in UNSENT:
            if given.get("type") not in {"checkbox", "radio"} or "checked" in given:
                self._send(name, given.get("value") or ("on" if "checked" in given else ""))
        elif tag == "select" and name:
            self._select = name, "multiple" in given
        elif tag == "option" and self._select and "selected" in given:
            self._send(self._select[0], given.get("value") or "")
        elif tag == "textarea" and name:
            self._text = name
            self._send(name, "")

    def handle_data(self, data: str) -> None:
        if self._text:
            self.sent[self._text][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_inside = False
        elif tag == "textarea" and self._text:
            self.sent[self._text][-1] = self.sent[self._text][-1].removeprefix("\n")
            self._text = None
        elif tag == "select":
            self._select = None

    def _send(self, name: str, value: str) -> None:
        self.sent.setdefault(name, []).append(value)


def filled(page: HttpResponse, form_id: str, **changes: Any) -> dict[str, Any]:
    """The form's fields as the page shows them, some of them changed; None takes a field away."""
    fields = _Fields(form_id)
    fields.feed(page.content.decode())
    assert fields.sent, f"the page has no form {form_id}"
    return {name: value for name, value in {**fields.sent, **changes}.items() if value is not None}
