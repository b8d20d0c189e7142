"""How the demo's objective looks in a terminal, and what to paste to decide what it asks."""

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from config.demo.objective import Line, Scene
from config.demo.world import World

COLOURS = {"running": "cyan", "waiting": "yellow", "finalized": "green", "failed": "red"}
KINDS = {
    "userMessage": "somebody says",
    "assistantMessage": "the agent says",
    "toolApprovalRequested": "approval needed",
    "toolApproved": "approved",
    "toolDenied": "denied",
    "toolCalled": "tool called",
    "toolResult": "result",
    "toolError": "tool failed",
    "stateChanged": "state",
}
LINES_SHOWN, CHARACTERS_SHOWN = 12, 96
SDK = """from cadenya import Cadenya

client = Cadenya(
    api_key="{key}",
    base_url="{base}",
    workspace_id="{workspace}",
)
client.objectives.approve_tool_call("{objective}", "{call}")
for event in client.objectives.stream_events("{objective}"):
    print(event.data)  # until Ctrl-C"""


def picture(scene: Scene) -> RenderableType:
    """The objective as it stands."""
    colour = COLOURS.get(scene.state, "white")
    head = Text.assemble(("● ", colour), (scene.state, f"bold {colour}"), "   ", ("File clerk", "bold"))
    lines = [shown(line) for line in scene.lines[-LINES_SHOWN:]]
    return Panel(Group(head, Text(""), *lines), title=f"objective {scene.objective_id}", border_style=colour)


def shown(line: Line) -> Text:
    """One event as a line."""
    at, kind, said = line
    said = said if len(said) <= CHARACTERS_SHOWN else f"{said[:CHARACTERS_SHOWN]}…"
    said = " ".join(said.split())
    return Text.assemble((f"{at:7.2f} s  ", "dim"), (f"{KINDS.get(kind, kind):<18}", "blue"), said)


def print_deciding(console: Console, world: World) -> None:
    """Where to look, and how to approve or deny; printed unwrapped, so that it can be pasted."""
    base = f"{world.base_url}/v1/workspaces/{world.workspace_id}"
    call = f"{base}/objectives/{world.objective_id}/tool_calls/{world.waiting_tool_call_id}"
    curl = f'curl -X POST -H "Authorization: Bearer {world.api_key}"'
    deny = "-H 'Content-Type: application/json' -d '{\"memo\": \"Ask me tomorrow.\"}'"
    queue = f"{world.base_url}/admin/objectives/toolcall/waiting/"
    parts = {
        f"The agent waits for you. Decide in the admin: {queue}": "",
        "or approve with curl (the first decision counts):": f"{curl} {call}:approve",
        "or deny, and say why:": f"{curl} {call}:deny {deny}",
        "or with the SDK (pip install cadenya), in Python:": SDK.format(
            key=world.api_key,
            base=world.base_url,
            workspace=world.workspace_id,
            objective=world.objective_id,
            call=world.waiting_tool_call_id,
        ),
    }
    for heading, text in parts.items():
        console.print(Text(heading, "bold"), soft_wrap=True)
        if text:
            console.print(text, soft_wrap=True, highlight=False, markup=False)
        console.print()
