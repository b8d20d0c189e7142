"""What the demo shows in a terminal while it goes on, and what it prints at the end."""

import json
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from config.demo.dataset import DEMO_FILE, ENVIRONMENT_FILE, World
from config.demo.story import Scene
from config.environment import shown_path

COLOURS = {"succeeded": "green", "failed": "red", "cancelled": "yellow", "running": "cyan"}
EVENTS_SHOWN, TEXT_LINES_SHOWN, OUTPUT_CHARACTERS = 9, 6, 700


def picture(scene: Scene) -> RenderableType:
    """The execution as it stands."""
    colour = COLOURS.get(scene.state, "white")
    head = Text.assemble(
        ("● ", colour), (scene.state, f"bold {colour}"), "   ", ("csv-profile", "bold"), f"   {scene.message}"
    )
    fraction = 1.0 if scene.state == "succeeded" else scene.fraction
    parts: list[RenderableType] = [head, ProgressBar(total=1.0, completed=fraction, width=60), Text("")]
    parts += [_event_line(*event) for event in scene.events[-EVENTS_SHOWN:]]
    if scene.text.strip():
        parts += [Text(""), Text("\n".join(scene.text.strip().splitlines()[-TEXT_LINES_SHOWN:]), style="dim")]
    return Panel(Group(*parts), title=f"tool call {scene.tool_call_id}", border_style=colour)


def result(scene: Scene) -> RenderableType:
    """How the execution was found and what it gave."""
    detail = scene.detail or {}
    usage = detail.get("resource_usage", {})
    table = Table.grid(padding=(0, 2))
    table.add_row(
        "found by tool call id",
        f"{scene.found_after_ms:.0f} ms after the dispatch was sent, while [b]{scene.found_while}[/b]",
    )
    table.add_row("execution", scene.execution_id)
    table.add_row("took", f"{usage.get('wallclock_ms')} ms, cost ${usage.get('cost_usd')}")
    for artifact in detail.get("artifacts", []):
        table.add_row("artifact", f"{artifact['relpath_in_workspace']} ({artifact['size_bytes']} bytes)")
    body = detail.get("error") if detail.get("state") == "failed" else detail.get("outputs")
    table.add_row("error" if detail.get("state") == "failed" else "outputs", _short(body))
    return table


def print_addresses(console: Console, world: World, scene: Scene) -> None:
    """Where to look next, with what to open first at the end. Printed unwrapped: addresses stay whole.

    The pages take the key from behind the `#`, which a browser sends to nobody.
    """
    base, space, key = world.base_url, world.space_id, world.api_key
    lines = {
        "Keys": f"{shown_path(DEMO_FILE)}, for a shell {shown_path(ENVIRONMENT_FILE)}",
        "API documents": f"{base}/docs",
        "Admin": f"{base}/admin/   {world.admin_username}   {world.admin_password}",
        "This tool call": f"{base}/watch/{space}/{scene.tool_call_id}#key={key}",
        "Open this first": f"{base}/spaces/{space}#key={key}",
    }
    for name, address in lines.items():
        console.print(Text.assemble((f"{name:<16}", "bold"), address), soft_wrap=True, highlight=False)


def _event_line(at: float, kind: str, shown: str) -> Text:
    return Text.assemble((f"{at:7.2f} s  ", "dim"), (f"{kind:<24}", "blue"), shown)


def brief(text: str) -> str:
    """What a tool said in a line: of a JSON object as `_short` says, of another text itself."""
    try:
        said = json.loads(text)
    except ValueError:
        return text
    return _short(said) if isinstance(said, dict) else text


def _short(value: Any) -> str:
    """A mapping's plain values, and how much there is of the rest."""
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)[:OUTPUT_CHARACTERS]
    parts = [
        f"{name}: {len(item)} entries" if isinstance(item, list | dict) else f"{name}: {item}"
        for name, item in value.items()
        if item is not None
    ]
    return ", ".join(parts)[:OUTPUT_CHARACTERS]
