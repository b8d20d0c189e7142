"""The script that the built-in `demo` model follows, and its format.

A script is a list of steps, kept in a skill's manifest (`metadata.demo`) or in an agent's configuration.
Each step is an object with exactly one of these keys, and the extra keys named with it:

- `say: TEXT` streams the text.
- `sleep: SECONDS` waits (at most 3600 s; cancelling ends the wait at once).
- `tool: NAME, arguments: {…}` calls one tool; `arguments` may be left out.
  `confidence: NUMBER`, or a list of numbers, beside it is how sure the demo model is where a tool set's auto
  mode asks about that call: one score from 0 to 1 for all questions, or one each. Without it the score is 0.
- `tools: [{tool: NAME, arguments: {…}}, …]` calls several tools in one model response, thus in parallel.
- `answer: {…}` ends the work with these outputs; `answer: TEXT` ends it with a plain text.
- `fail: TEXT` makes the model request fail with that message. `retryable: true` beside it says that asking
  again could help, as an overloaded provider would (it never does: the script stays where it is).

`say` and `sleep` belong to the step after them, so `say, sleep, tool` is one model response that streams a
text, waits and calls a tool. `say` steps at the end of a script are a plain text answer.

Every text, at any depth of `arguments` and `answer`, may hold templates: a path in braces, and after it, if
wanted, a bar and a number of characters to cut the value to.

- `{inputs.question}`: what the run was started with.
- `{materials[0]}`: names of the staged files, without their folder: `inputs/materials/{materials[0]}`.
- `{message}`: the newest text from the user.
- `{last_result.text|400}`, `{results[0].text}`, `{results[-2]}`: what the tools have returned so far, in the
  order of the calls. A tool that failed returned `{"error": TEXT}`.
- `{media_count}`, `{media}`, `{media[0]}`: how many pictures and sounds of the results the model was given as
  files, and their types, such as `image/png`. In a result they are lines of text.

A text that is one template and nothing else becomes the value itself (`"{materials}"` is the list); inside a
longer text a value that is not text is written as JSON. A path that leads nowhere is empty text. `{{` writes
one brace. Paths reach into objects and arrays only: nothing is evaluated.

Example, a question answered from the first staged file:

    demo:
      - say: "Reading {materials[0]}."
      - {tool: workspace.fs.read, arguments: {path: "inputs/materials/{materials[0]}"}}
      - answer: {answer: "It begins: {last_result.text|200}", sources: ["{materials[0]}"]}

Decision: where the model stands in its script is the number of model responses before this one and nothing
else, so that a run that is continued from its rows, by another process or days later, goes on at the right
step. Past the end of a script it answers with a plain text that says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_STEPS = 500
MAX_SLEEP_SECONDS = 3600.0

Json = Any
"""A value that JSON can write."""


class DemoScriptInvalid(ValueError):
    """The demo script does not have the documented format.

    `path` names the place, such as `demo[2].tools[0]`.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True)
class ScriptCall:
    """A tool call of a script, its arguments not yet filled in."""

    tool: str
    arguments: Mapping[str, Json]
    confidence: float | tuple[float, ...] = 0.0


@dataclass(frozen=True)
class ScriptTurn:
    """One model response: what is said and waited for first, then at most one kind of ending.

    `lead` holds texts to stream and seconds to wait, in order. `answer` is None where there is none.
    """

    lead: tuple[str | float, ...] = ()
    calls: tuple[ScriptCall, ...] = ()
    answer: Mapping[str, Json] | str | None = None
    failure: str | None = None
    retryable: bool = False


def read_script(script: Json, *, path: str = "demo") -> tuple[ScriptTurn, ...]:
    """Group the steps of a script into model responses; raises DemoScriptInvalid."""
    if not isinstance(script, Sequence) or isinstance(script, str) or not script:
        raise DemoScriptInvalid(path, "must be a list of steps and not empty")
    if len(script) > MAX_STEPS:
        raise DemoScriptInvalid(path, f"has more than {MAX_STEPS} steps")
    turns: list[ScriptTurn] = []
    lead: list[str | float] = []
    for number, step in enumerate(script):
        where = f"{path}[{number}]"
        key = _key_of(step, where)
        if key in ("say", "sleep"):
            lead.append(_lead_of(key, step[key], where))
        else:
            turns.append(_READERS[key](step, tuple(lead), where))
            lead = []
    if lead:
        turns.append(ScriptTurn(lead=tuple(lead)))
    return tuple(turns)


def confidence_in(script: Json, *, turn: int, place: int, questions: int) -> list[float]:
    """How sure the demo model is of a call, given so many questions; `turn` and `place` count from 0.

    Scores that a script does not give are 0. Raises DemoScriptInvalid.
    """
    turns = read_script(script) if script is not None else ()
    calls = turns[turn].calls if turn < len(turns) else ()
    given = calls[place].confidence if place < len(calls) else 0.0
    if isinstance(given, float):
        return [given] * questions
    return [*given, *[0.0] * questions][:questions]


def _key_of(step: Json, where: str) -> str:
    if not isinstance(step, Mapping):
        raise DemoScriptInvalid(where, "must be an object")
    keys = [key for key in _ALLOWED if key in step]
    if len(keys) != 1:
        raise DemoScriptInvalid(where, f"needs exactly one of {', '.join(_ALLOWED)}")
    unknown = set(step) - {keys[0]} - _ALLOWED[keys[0]]
    if unknown:
        raise DemoScriptInvalid(where, f"unknown key {min(map(str, unknown))!r}")
    return keys[0]


def _lead_of(key: str, value: Json, where: str) -> str | float:
    if key == "say":
        if not isinstance(value, str):
            raise DemoScriptInvalid(f"{where}.say", "must be text")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_SLEEP_SECONDS:
        raise DemoScriptInvalid(f"{where}.sleep", f"must be a number of seconds up to {MAX_SLEEP_SECONDS:g}")
    return float(value)


def _read_call(step: Json, where: str) -> ScriptCall:
    if not isinstance(step, Mapping) or not isinstance(step.get("tool"), str):
        raise DemoScriptInvalid(where, "needs the name of a tool")
    arguments = step.get("arguments", {})
    if not isinstance(arguments, Mapping):
        raise DemoScriptInvalid(f"{where}.arguments", "must be an object")
    return ScriptCall(
        step["tool"], arguments, _confidence(step.get("confidence", 0.0), f"{where}.confidence")
    )


def _confidence(value: Json, where: str) -> float | tuple[float, ...]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_score(one, f"{where}[{number}]") for number, one in enumerate(value))
    return _score(value, where)


def _score(value: Json, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise DemoScriptInvalid(where, "must be a number from 0 to 1")
    return float(value)


def _one_tool(step: Mapping[str, Json], lead: tuple[str | float, ...], where: str) -> ScriptTurn:
    return ScriptTurn(lead, calls=(_read_call(step, where),))


def _many_tools(step: Mapping[str, Json], lead: tuple[str | float, ...], where: str) -> ScriptTurn:
    calls = step["tools"]
    if not isinstance(calls, Sequence) or isinstance(calls, str) or not calls:
        raise DemoScriptInvalid(f"{where}.tools", "must be a list of calls and not empty")
    return ScriptTurn(
        lead, calls=tuple(_read_call(call, f"{where}.tools[{n}]") for n, call in enumerate(calls))
    )


def _answer(step: Mapping[str, Json], lead: tuple[str | float, ...], where: str) -> ScriptTurn:
    answer = step["answer"]
    if not isinstance(answer, Mapping | str):
        raise DemoScriptInvalid(f"{where}.answer", "must be an object or text")
    return ScriptTurn(lead, answer=answer)


def _failure(step: Mapping[str, Json], lead: tuple[str | float, ...], where: str) -> ScriptTurn:
    if not isinstance(step["fail"], str):
        raise DemoScriptInvalid(f"{where}.fail", "must be text")
    return ScriptTurn(lead, failure=step["fail"], retryable=step.get("retryable") is True)


_READERS = {"tool": _one_tool, "tools": _many_tools, "answer": _answer, "fail": _failure}

# The keys that name a step, each with the extra keys it may carry.
_ALLOWED: dict[str, set[str]] = {
    "say": set(),
    "sleep": set(),
    "tool": {"arguments", "confidence"},
    "tools": set(),
    "answer": set(),
    "fail": {"retryable"},
}
