"""How the demo's objective looks in a terminal."""

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from config.demo.objective import Line, ObjectiveScene

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
LINES_SHOWN, CHARACTERS_SHOWN = 12, 76  # so that a line has 110 characters at most, frame included


def picture(scene: ObjectiveScene) -> RenderableType:
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
