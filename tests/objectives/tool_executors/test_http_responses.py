"""What answers of HTTP tools mean that are not whole, not text, or not what they say."""

import time

import pytest

from executions.runs.worker.stop_signal import StopSignal
from objectives.models import CallError
from objectives.tool_executors.http_exchange import MOST_BYTES
from objectives.tool_executors.overlaid_results import ACCEPTED
from objectives.tool_results.outcome import Media, Text
from spaces.blobs import open_blob
from tests.factories import make_actor
from tests.objectives.overlays.overlaid import overlay, transform
from tests.objectives.tool_executors.http_calls import SECRET, calls_of, tool

pytestmark = pytest.mark.django_db

POST = {"requestMethod": "POST"}
NAMED = {"X-Key": "{{ secrets.TOKEN }}"}  # a call that sends the secret, so that it is taken out of answers
SUCCEEDED = "[The call succeeded: the tool answered 200. "


@pytest.fixture(autouse=True)
def _listed(settings):
    settings.PRIVATE_TOOL_HOSTS = ["127.0.0.0/8"]


@pytest.fixture
def call():
    return calls_of(make_actor())


def broken(status):
    """An answer that promises more than it holds."""
    return lambda _: (status, {"Content-Length": "100", "Content-Type": "text/plain"}, b"half")


def halting(then):
    """The head of an answer and half of its body, then something that happens, and silence."""

    def reply(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/plain")
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"half")
        handler.wfile.flush()
        time.sleep(1)
        then()
        time.sleep(20)
        return 200, {}, b""

    return reply


def test_a_write_whose_answer_breaks_off_has_succeeded(call):
    with tool(broken(200)) as server:
        outcome, _ = call(server.url, config=POST)

    assert (outcome.error, outcome.drafts) == (None, [Text("half")])
    assert outcome.note == (
        f"{SUCCEEDED}The connection broke before its response was complete: 4 bytes of it were read.]"
    )


def test_a_write_whose_error_answer_breaks_off_has_failed(call):
    with tool(broken(500)) as server:
        outcome, _ = call(server.url, config=POST)

    assert outcome.error == (CallError.TOOL_ERROR, "The tool answered 500: half")


def test_a_read_whose_answer_breaks_off_may_be_made_again(call):
    with tool(broken(200)) as server:
        outcome, _ = call(server.url)

    assert outcome.error == (CallError.UNREACHABLE, "The connection broke before the tool had answered.")


def test_a_write_whose_answer_cannot_be_unpacked_has_succeeded(call):
    with tool(lambda _: (201, {"Content-Encoding": "gzip"}, b"not packed")) as server:
        outcome, _ = call(server.url, config=POST)

    assert outcome.error is None
    assert (
        "the tool answered 201. Its response could not be decompressed: 0 bytes of it were read."
        in outcome.note
    )


def test_a_write_whose_answer_takes_too_long_has_succeeded(call):
    with tool(halting(lambda: None)) as server:
        outcome, _ = call(server.url, config=POST, seconds=3)

    assert outcome.drafts == [Text("half")]
    assert outcome.note == f"{SUCCEEDED}Its response did not complete in time: 4 bytes of it were read.]"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_stopped_in_the_middle_of_its_answer_is_known_where_that_counts(call, method):
    stop = StopSignal()
    with tool(halting(lambda: stop.set("cancelled"))) as server:
        outcome, _ = call(server.url, config={"requestMethod": method}, stop=stop)

    if method == "GET":
        assert outcome.error == (CallError.TOOL_ERROR, "The call was stopped.")
    else:
        assert outcome.drafts == [Text("half")]
        assert "It was stopped before its response was complete" in outcome.note


@pytest.mark.parametrize(
    ("mime_type", "content", "text"),
    [
        ("application/json", b'{"a": ', '{"a": '),
        ("text/plain; charset=klingon", b"fine", "fine"),
        ("text/plain", b"caf\xe9", "caf\ufffd"),
        ("application/vnd.shop+json", b"\xff", "\ufffd"),
        ("application/whatever", "Grüße".encode(), "Grüße"),
        ("", b"caf\xe9", "caf\ufffd"),
    ],
)
def test_a_write_whose_answer_is_not_what_it_says_has_succeeded(call, mime_type, content, text):
    with tool(lambda _: (200, {"Content-Type": mime_type} if mime_type else {}, content)) as server:
        outcome, _ = call(server.url, config=POST)

    assert (outcome.error, outcome.drafts, outcome.note) == (None, [Text(text)], "")


@pytest.mark.parametrize("mime_type", ["application/pdf", "", "of no kind"])
def test_what_is_no_text_is_kept_as_a_file(call, mime_type):
    content = b"%PDF-1.7\0\xff\xfe"
    with tool(lambda _: (200, {"Content-Type": mime_type} if mime_type else {}, content)) as server:
        outcome, _ = call(server.url, config=POST)

    (media,) = outcome.drafts
    assert isinstance(media, Media)
    known = mime_type if mime_type == "application/pdf" else "application/octet-stream"
    assert (media.kind, media.mime_type, media.size_bytes) == ("file", known, len(content))
    with open_blob(media.sha256) as stored:
        assert stored.read() == content


def test_a_picture_that_is_too_large_is_kept_as_a_file(call):
    with tool(lambda _: (200, {"Content-Type": "image/png"}, b"\x89" * (MOST_BYTES + 1))) as server:
        outcome, _ = call(server.url, config=POST, secret=False)

    (media,) = outcome.drafts
    assert isinstance(media, Media)
    assert (media.kind, media.mime_type, media.size_bytes) == ("file", "image/png", MOST_BYTES)
    assert outcome.note.startswith(SUCCEEDED)


def test_a_secret_is_not_cut_in_two_by_the_bound(call):
    before = MOST_BYTES - len(SECRET) // 2
    content = b"x" * before + SECRET.encode() + b"y"
    with tool(lambda _: (200, {"Content-Type": "text/plain"}, content)) as server:
        text, _ = call(server.url, config=POST, headers=NAMED)
    with tool(lambda _: (200, {"Content-Type": "audio/wav"}, content)) as server:
        file, _ = call(server.url, config=POST, headers=NAMED, secret=False)  # the one that is there

    assert text.drafts == [Text("x" * before)]
    (media,) = file.drafts
    assert isinstance(media, Media)
    with open_blob(media.sha256) as stored:
        assert not stored.read().strip(b"x")


def test_a_write_that_answers_with_its_secret_in_a_picture_has_succeeded(call):
    with tool(lambda _: (200, {"Content-Type": "image/png"}, SECRET.encode())) as server:
        outcome, _ = call(server.url, config=POST, headers=NAMED)

    assert outcome.drafts == [Text(f"{SUCCEEDED}The image contains a secret and was not stored.]")]


def test_overlays_change_the_content_and_not_what_is_told_of_it(call):
    overlays = [overlay(results=[transform("{{ result.text | upcase }}")])]
    with tool(broken(200)) as server:
        outcome, _ = call(server.url, config=POST, overlays=overlays)

    assert outcome.drafts == [Text("HALF")]
    assert outcome.note.startswith(SUCCEEDED)


def test_a_write_whose_result_an_overlay_refuses_is_told_as_accepted(call):
    overlays = [overlay(results=[transform("{{ result.json }}", expects_json=True)])]
    with tool(broken(200)) as server:
        outcome, _ = call(server.url, config=POST, overlays=overlays)

    assert outcome.error is not None
    assert outcome.error[1].endswith(f"its text is not JSON. {ACCEPTED}")
