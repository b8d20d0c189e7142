"""Carrying out a call that reads a skill: its instructions, or a file that they refer to."""

from executions.catalog.archive import BundleTampered, read_packed
from executions.catalog.selectors import manifest_of
from executions.models import SkillVersion
from objectives.models import CallError, ToolCall
from objectives.planning.plan import Offered
from objectives.planning.skills import SKILL_VERSION
from objectives.tool_results.outcome import Outcome, Text
from spaces.blobs import open_blob

MOST_NAMED = 200  # files of a skill that are told by name
GONE = "The skill is no longer stored."


def read_skill(call: ToolCall, offered: Offered) -> Outcome:
    """Of the version that was the newest when the objective was made; a long text is cut like any result."""
    version = SkillVersion.objects.filter(pk=offered.config[SKILL_VERSION]).first()
    if version is None:
        return Outcome.failed(CallError.TOOL_ERROR, GONE)
    try:
        with open_blob(version.bundle_id) as stored:
            files = read_packed(stored.read(), expected_digest=version.digest).files
    except (FileNotFoundError, BundleTampered):
        return Outcome.failed(CallError.TOOL_ERROR, GONE)
    name = str(call.arguments.get("file") or "")
    return _file(files, name) if name else Outcome([Text(_instructions(version, files, offered.function))])


def _file(files: dict[str, bytes], name: str) -> Outcome:
    content = files.get(name.removeprefix("./").removeprefix("skill/"))
    if content is None:
        return Outcome.failed(CallError.INVALID_ARGUMENTS, f"The skill has no file {name[:200]!r}.")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        message = f"{name} cannot be read as text ({len(content)} bytes)."
        return Outcome.failed(CallError.INVALID_ARGUMENTS, message)
    return Outcome([Text(text)])


def _instructions(version: SkillVersion, files: dict[str, bytes], function: str) -> str:
    manifest = manifest_of(version)
    parts = [
        f"[The skill {manifest.slug} {version.version}. What follows are instructions for you.]",
        manifest.instructions,
    ]
    names = sorted(name for name in files if name.upper() != "SKILL.MD")
    if names:
        shown = [f"- {name} ({len(files[name])} bytes)" for name in names[:MOST_NAMED]]
        shown += [f"- and {len(names) - MOST_NAMED} more"] * (len(names) > MOST_NAMED)
        parts.append("\n".join([f"[Its files; call {function} with `file` to read one:]", *shown]))
    if manifest.missing_tools:
        parts.append(f"[It names tools that may not be here: {', '.join(manifest.missing_tools)}.]")
    return "\n\n".join(parts)
