"""What a script's line means, and when it means nothing that may be let pass."""

import pytest

from executions.runner.protocol import ProtocolBroken, Returned, Said, read_message


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"output","outputs":{"a":NaN}}\n',
        b'{"type": "usage", "cost_usd": 1e400}\n',
        b' { "type" : "error", "message": "broken off\n',
        b'{"type":"output","outputs":{"a":"\\ud800"}}\n',
    ],
)
def test_a_line_of_the_protocol_that_is_no_json_is_refused(line: bytes):
    with pytest.raises(ProtocolBroken):
        read_message(line)


@pytest.mark.parametrize(
    "line", [b"{not ours}\n", b'{"type":"weather","is":NaN}\n', b"plain\n", b'{"a":NaN}\n']
)
def test_any_other_line_is_text(line: bytes):
    assert read_message(line) == Said(line.decode())


def test_an_output_line_returns():
    assert read_message(b'{"type":"output","outputs":{"a":1}}\n') == Returned({"a": 1})


@pytest.mark.parametrize("name", ["document_type", "path"])
def test_an_artifact_has_printable_names(name: str):
    fields = {"path": "a.txt", "document_type": "text", name: "a\\u0000b"}
    line = f'{{"type":"artifact","path":"{fields["path"]}","document_type":"{fields["document_type"]}"}}\n'

    with pytest.raises(ProtocolBroken, match=name):
        read_message(line.encode())
