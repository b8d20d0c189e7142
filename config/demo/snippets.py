"""What the demo and the README give people to paste, the same lines in both."""

import shlex

from rich.console import Console
from rich.text import Text

from config.demo.dataset import ENVIRONMENT_FILE, World
from config.environment import ROOT

# The README has these, after the line that reads the file with BASE, KEY and SPACE.
CLIENT = """\
curl -H "X-API-Key: $KEY" -F files=@executions/demo_files/orders.csv $BASE/v1/files/
curl -H "X-API-Key: $KEY" -H 'Content-Type: application/json' \\
     -d '{"arguments": {}, "tool_call_id": "call_7", "uploaded_files": ["orders.csv"]}' \\
     $BASE/v1/spaces/$SPACE/tools/csv-profile/execute
curl -H "X-API-Key: $KEY" -H 'Prefer: wait=20' \\
     $BASE/v1/spaces/$SPACE/skills/executions/by-chat-tool-call/call_7
ID=$(curl -s -H "X-API-Key: $KEY" $BASE/v1/spaces/$SPACE/skills/executions/by-chat-tool-call/call_7 \\
     | python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["id"])')
curl -N -H "X-API-Key: $KEY" $BASE/v1/spaces/$SPACE/skills/executions/$ID/events"""
_CALL = '"$BASE/v1/workspaces/$WORKSPACE/objectives/$OBJECTIVE/tool_calls/${CALL}:'
APPROVE = f'curl -X POST -H "X-API-Key: $KEY" \\\n     {_CALL}approve"'
DENY = f"""\
curl -X POST -H "X-API-Key: $KEY" -H 'Content-Type: application/json' \\
     -d '{{"memo": "Ask me tomorrow."}}' \\
     {_CALL}deny\""""
SDK = """\
from cadenya import Cadenya

client = Cadenya(
    api_key="{key}",
    base_url="{base}",
    workspace_id="{workspace}",
)
client.objectives.approve_tool_call(
    "{objective}",
    "{call}",
)
for event in client.objectives.stream_events("{objective}"):
    print(event.data)  # until Ctrl-C
"""


def print_calling(console: Console) -> None:
    """How to dispatch a tool call, find it and follow it, for a fresh shell."""
    _head(console, "To call it yourself, paste into another terminal:")
    _paste(console, f"{_begin()}\n{CLIENT}")


def print_deciding(console: Console, world: World) -> None:
    """How to approve or deny what the demo's agent asks for, each for a fresh shell or a fresh Python."""
    queue = f"{world.base_url}/admin/objectives/toolcall/waiting/"
    _head(console, "The agent waits for you. Decide in the admin:")
    _paste(console, queue)
    _head(console, "or approve with curl (the first decision counts):")
    _paste(console, f"{_begin()}\n{APPROVE}")
    _head(console, "or deny, and say why:")
    _paste(console, f"{_begin()}\n{DENY}")
    _head(console, "or with the SDK (pip install cadenya), in Python:")
    sdk = SDK.format(
        key=world.api_key,
        base=world.base_url,
        workspace=world.workspace_id,
        objective=world.objective_id,
        call=world.waiting_tool_call_id,
    )
    _paste(console, sdk)


def _begin() -> str:
    """The line that a fresh shell needs before any other: paths and names are then as in the README."""
    return f"cd {shlex.quote(str(ROOT))} && . {shlex.quote(str(ENVIRONMENT_FILE))}"


def _head(console: Console, text: str) -> None:
    console.print(Text(text, "bold"), soft_wrap=True)


def _paste(console: Console, text: str) -> None:
    """Printed unwrapped, so that lines stay whole."""
    console.print(text, soft_wrap=True, highlight=False, markup=False)
    console.print()
