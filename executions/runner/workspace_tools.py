"""The tools that a prompt skill's model may call, over the run's own workspace."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from executions.inference.interface import Json, ToolDefinition, ToolRequest
from executions.runner.code_tool import PROGRAMS, run_python, run_shell
from executions.runner.prompt_texts import problem_with
from executions.runner.run import LeasedRun
from executions.runner.skill_files import list_skill_files, open_file, refuse_own
from executions.runner.tool_failure import ToolFailed
from executions.runner.workspace_files import read_text
from executions.sandbox.errors import ArtifactRejected

MAX_FILES = 500
MAX_LEFT_OUT = 20  # names that are no text, told so that nobody wonders where the bytes are
MAX_WRITE_CHARACTERS = 1024 * 1024
MAX_ERROR = 33 * 1024
MAX_SUMMARY = 200


@dataclass(frozen=True)
class WorkspaceTool:
    """A tool and what it does; `act` raises ToolFailed for what the model should be told."""

    definition: ToolDefinition
    act: Callable[[LeasedRun, dict[str, Any]], Json]


@dataclass(frozen=True)
class ToolResult:
    """What the model gets to see of one call, and a line about it for people."""

    content: Json
    is_error: bool
    summary: str


def offered_tools(run: LeasedRun) -> list[ToolDefinition]:
    """The definitions of the tools this run may use, in a fixed order."""
    return [_TOOLS[name].definition for name in _allowed(run)]


def call_tool(run: LeasedRun, call: ToolRequest) -> ToolResult:
    """Do what the model asks; everything that goes wrong is a result that tells it so.

    Raises RunFailed or RunStopped where the run itself cannot go on.
    """
    try:
        content = _tool(run, call).act(run, _arguments(call))
    except (ToolFailed, ArtifactRejected, ValueError) as error:
        return _failed(str(error))
    except OSError as error:
        # Its own text names paths of this machine.
        return _failed(error.strerror or type(error).__name__)
    return ToolResult(content, is_error=False, summary=_summary(content))


def _failed(reason: str) -> ToolResult:
    text = reason[:MAX_ERROR]
    return ToolResult(text, is_error=True, summary=text[:MAX_SUMMARY])


def _allowed(run: LeasedRun) -> list[str]:
    return [name for name in _TOOLS if name in run.manifest.tools and name in run.tools]


def _tool(run: LeasedRun, call: ToolRequest) -> WorkspaceTool:
    allowed = _allowed(run)
    if call.name not in allowed:
        raise ToolFailed(f"there is no tool {call.name!r}; there are {', '.join(allowed) or 'none'}")
    return _TOOLS[call.name]


def _arguments(call: ToolRequest) -> dict[str, Any]:
    if call.arguments is None:
        raise ToolFailed("the arguments must be a JSON object")
    schema = dict(_TOOLS[call.name].definition.parameters)
    problem = problem_with(call.arguments, schema, name="arguments")
    if problem is not None:
        raise ToolFailed(problem)
    return call.arguments


def _list(run: LeasedRun, arguments: dict[str, Any]) -> Json:
    folder = arguments.get("path", "").strip("/")
    folder = "" if folder == "." else folder
    listing = run.workspace.listing()
    found = [
        (path, size)
        for path, size in listing.files
        if not folder or path == folder or path.startswith(f"{folder}/")
    ]
    if folder and not found:
        found = list_skill_files(run, folder)
    files = [{"path": path, "size_bytes": size} for path, size in found[:MAX_FILES]]
    answer: Json = {"files": files, "truncated": len(found) > MAX_FILES}
    if listing.left_out:
        answer["unreadable_names"] = list(listing.left_out[:MAX_LEFT_OUT])
    return answer


def _read(run: LeasedRun, arguments: dict[str, Any]) -> Json:
    with open_file(run, arguments["path"]) as file:
        return read_text(file, arguments["path"], arguments.get("offset", 0))


def _write(run: LeasedRun, arguments: dict[str, Any]) -> Json:
    refuse_own(run, arguments["path"])
    content = arguments["text"].encode()
    run.workspace.write(arguments["path"], content)
    return {"path": arguments["path"], "size_bytes": len(content)}


def _python(run: LeasedRun, arguments: dict[str, Any]) -> Json:
    return run_python(run, arguments["code"])


def _shell(run: LeasedRun, arguments: dict[str, Any]) -> Json:
    return run_shell(run, arguments["command"])


def _commit(run: LeasedRun, arguments: dict[str, Any]) -> Json:
    path = arguments["path"]
    with run.workspace.open_regular(path):
        run.recorder.declare_artifact(path, arguments.get("document_type"))
    return {"path": path, "committed": True}


def _summary(content: Json) -> str:
    return json.dumps(content, ensure_ascii=False)[:MAX_SUMMARY]


def _define(
    name: str, description: str, properties: dict[str, Json], required: Iterable[str]
) -> ToolDefinition:
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
    return ToolDefinition(name, description, schema)


_PATH = {"type": "string", "minLength": 1, "description": "Relative to the workspace."}

_TOOLS = {
    tool.definition.name: tool
    for tool in (
        WorkspaceTool(
            _define(
                "workspace.fs.list",
                "List the files of the workspace, or of a folder in it; `skill` holds the skill's own files.",
                {"path": {"type": "string", "description": "A folder; empty for everything."}},
                (),
            ),
            _list,
        ),
        WorkspaceTool(
            _define(
                "workspace.fs.read",
                "Read a text file, 32 KiB at a time; `next_offset` says where to go on.",
                {"path": _PATH, "offset": {"type": "integer", "minimum": 0, "description": "In bytes."}},
                ("path",),
            ),
            _read,
        ),
        WorkspaceTool(
            _define(
                "workspace.fs.write",
                "Write a text file, replacing one that is there.",
                {"path": _PATH, "text": {"type": "string", "maxLength": MAX_WRITE_CHARACTERS}},
                ("path", "text"),
            ),
            _write,
        ),
        WorkspaceTool(
            _define(
                "workspace.code.python",
                "Run a Python program in the workspace, without network; returns what it prints. "
                "pandas, matplotlib, scipy, scikit-learn, openpyxl, python-docx, python-pptx, pypdf, "
                "pdfplumber, reportlab, Pillow, lxml, beautifulsoup4, PyYAML and networkx are there.",
                {"code": {"type": "string", "minLength": 1, "maxLength": 100_000}},
                ("code",),
            ),
            _python,
        ),
        WorkspaceTool(
            _define(
                "workspace.shell",
                "Run shell commands in the workspace, without network; returns what they print. "
                f"There are {', '.join(PROGRAMS)} and the usual small programs.",
                {"command": {"type": "string", "minLength": 1, "maxLength": 100_000}},
                ("command",),
            ),
            _shell,
        ),
        WorkspaceTool(
            _define(
                "artifact.commit",
                "Keep a file of the workspace as a result that people can download.",
                {
                    "path": _PATH,
                    "document_type": {"type": "string", "maxLength": 64, "description": "Such as `report`."},
                },
                ("path",),
            ),
            _commit,
        ),
    )
}
