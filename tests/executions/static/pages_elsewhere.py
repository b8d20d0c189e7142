"""A page of another web site that imports `callboard.js`, with sockets that a test can break."""

from playwright.sync_api import Page

from tests.executions.runs.live.server import Server

ELSEWHERE = "https://app.example.com/"
HTML = '<!doctype html><title>Elsewhere</title><div id="card"></div><progress id="bar"></progress>'
# `openSockets` has the page's sockets; none opens while `isBlocked`.
SOCKETS = """
window.openSockets = [];
window.isBlocked = false;
window.WebSocket = class extends WebSocket {
  constructor(url) { super(window.isBlocked ? "ws://127.0.0.1:9/" : url); window.openSockets.push(this); }
};
"""
# Every item of a following as a short text, in order.
NOTE = """
window.seen = [];
window.note = (following) => {
  following.on("waiting", () => seen.push("waiting"));
  following.on("snapshot", ({ seq }) => seen.push(`snapshot ${seq}`));
  following.on("event", ({ seq, data }) => seen.push(data.text ?? seq));
  following.on("ended", () => seen.push("ended"));
  following.on("error", ({ code }) => seen.push(`error ${code}`));
  return following;
};
"""


def open_elsewhere(page: Page, server: Server) -> None:
    """Open it, with the module as `callboard` and `BASE`, where Callboard is."""
    page.add_init_script(SOCKETS + NOTE)
    page.route(f"{ELSEWHERE}**", lambda route: route.fulfill(content_type="text/html", body=HTML))
    page.goto(ELSEWHERE)
    page.evaluate(f"window.BASE = '{server.url}'")
    page.evaluate("async () => { window.callboard = await import(`${BASE}/static/callboard/callboard.js`); }")
