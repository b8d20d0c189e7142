"""The demo model's script, a fenced `demo` block in a variation's system prompt template.

    You are a careful clerk.

    ```demo
    - say: "I look it up."
    - {tool: find_order, arguments: {order: "{message}"}}
    - answer: {found: "{last_result.text}"}
    ```

The block holds YAML, or JSON, in the format of `executions.inference.demo_script`. No model is ever told it.
"""

import re
from functools import lru_cache
from typing import Any, Final

import yaml

from executions.catalog.errors import BundleRefused
from executions.catalog.front_matter import require_json
from executions.inference.demo_script import DemoScriptInvalid, read_script
from objectives.liquid.sandbox import sentence_of
from spaces.errors import Invalid

MOST_CHARACTERS: Final = 64 * 1024
MOST_DEPTH: Final = 32
_BLOCK = re.compile(r"^```demo[ \t]*\r?\n(.*?)^```[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_BEGINNING = re.compile(r"^```demo[ \t]*$", re.MULTILINE)
_WHERE: Final = ("body", "spec", "systemPromptTemplate")


def split_demo(template: str, *loc: str | int) -> tuple[str, Any | None]:
    """The template without its block, and the script; None where there is no block.

    Raises Invalid at `loc` (the field that holds the template) for a block that is no script.
    """
    loc = loc or _WHERE
    blocks = list(_BLOCK.finditer(template))
    if len(blocks) != len(_BEGINNING.findall(template.replace("\r", ""))):
        raise Invalid.field(*loc, msg="The demo block is not closed.")
    if not blocks:
        return template, None
    if len(blocks) > 1:
        raise Invalid.field(*loc, msg="At most one demo block is allowed.")
    return _BLOCK.sub("", template).strip(), _script(blocks[0][1], loc)


@lru_cache(maxsize=64)  # each objective of a variation has the same one; nobody changes what is in it
def _script(text: str, loc: tuple[str | int, ...]) -> Any:
    try:
        script = _loaded(text)
        require_json(script, "demo", MOST_DEPTH)
        read_script(script)
    except (BundleRefused, DemoScriptInvalid, yaml.YAMLError, ValueError, RecursionError) as error:
        raise Invalid.field(*loc, msg=f"Invalid demo script: {_sentence(error)}") from None
    return script


def _loaded(text: str) -> Any:
    """YAML without what makes few lines large or deep; raises ValueError and YAMLError."""
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"it is longer than {MOST_CHARACTERS} characters")
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("YAML aliases are not allowed")  # noqa: TRY004 - of the text, not a type
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_DEPTH:
            raise ValueError(f"it is nested deeper than {MOST_DEPTH}")
    return yaml.safe_load(text)


def _sentence(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError):
        line = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        return f"{error.problem}{line}"
    return sentence_of(error)
