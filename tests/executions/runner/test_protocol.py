"""What a message of a script means, and when it means nothing that may be let pass."""

import pytest

from executions.runner.protocol import ProtocolBroken, Returned, read_message


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"type":"output","outputs":{"a":NaN}}', "JSON"),
        (b'{"type": "usage", "cost_usd": 1e400}', "JSON"),
        (b'{"type":"output","outputs":{"a":"\\ud800"}}', "JSON"),
        (b"plain", "JSON"),
        (b"", "JSON"),
        (b"[1]", "an object|a JSON object"),
        (b'{"type":"weather"}', "`type`.*progress.*output"),
        (b'{"type":["output"]}', "`type`"),
        (b'{"a":1}', "`type`"),
    ],
)
def test_what_is_no_message_is_refused(line: bytes, said: str):
    with pytest.raises(ProtocolBroken, match=said):
        read_message(line)


def test_an_output_line_returns():
    assert read_message(b'{"type":"output","outputs":{"a":1}}\n') == Returned({"a": 1})


@pytest.mark.parametrize("name", ["document_type", "path"])
def test_an_artifact_has_printable_names(name: str):
    fields = {"path": "a.txt", "document_type": "text", name: "a\\u0000b"}
    line = f'{{"type":"artifact","path":"{fields["path"]}","document_type":"{fields["document_type"]}"}}\n'

    with pytest.raises(ProtocolBroken, match=name):
        read_message(line.encode())
