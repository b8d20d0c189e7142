"""Overlays: what a tool set changes of its tools, of the calls of them and of the results."""

from typing import Annotated, Literal

from pydantic import Field

from objectives.schemas.automode import AutoModeConfig
from objectives.schemas.matching import AttributeFilter
from objectives.schemas.oneof import OneOf
from objectives.schemas.shape import Shape

MOST_CONDITIONS = 32
MOST_NAMES = 500
MOST_ACTIONS = 100
MOST_TRANSFORMS = 10
MOST_VALUE_TEMPLATE = 10_000  # characters
MOST_CONTENT_TEMPLATE = 50_000  # characters

Path = Annotated[str, Field(max_length=512, pattern=r"^[^.\x00]{1,255}(\.[^.\x00]{1,255}){0,15}$")]
"""Names of properties, joined by dots."""


class ParameterPath(Shape):
    """A place among a tool's parameters."""

    path: Path
    """Names of properties from the outermost on: `filter.owner` is `properties.filter.properties.owner` in
    the schema and `filter.owner` in the arguments. Items of arrays that a tool declares cannot be named."""


class ToolNames(Shape):
    """Tools by the names under which models call them."""

    names: list[Annotated[str, Field(min_length=1, max_length=255)]] = Field(
        default_factory=list, max_length=MOST_NAMES
    )
    """Values of `llmToolName`, of which any one will do. Names of tools that there are not match nothing."""


class Condition(OneOf):
    """Something that a tool fulfils or does not."""

    type: Literal["attribute", "hasParameter", "tools"]
    """The kind, and the one other key."""
    attribute: AttributeFilter | None = None
    """An attribute of it is like this."""
    has_parameter: ParameterPath | None = None
    """It declares this parameter itself, whatever overlays make of it."""
    tools: ToolNames | None = None
    """It is one of these."""


class Selector(Shape):
    """Which tools of the set an overlay applies to."""

    conditions: list[Condition] = Field(default_factory=list, max_length=MOST_CONDITIONS)
    """What they must fulfil; without conditions all tools of the set are meant."""
    operator: Literal["OPERATOR_UNSPECIFIED", "OPERATOR_AND", "OPERATOR_OR"] = "OPERATOR_UNSPECIFIED"
    """Whether all conditions must hold or any; needed where there are several."""


class Remove(Shape):
    """The model does not see the parameter, and the tool never gets it: what the model sends there all the
    same is dropped, also from the items of a list that stands on the way where the tool declares none. A
    text or a number on the way stays, since nothing in it is a property."""

    path: Path
    """The parameter, as in a `hasParameter` condition."""


class SetValue(Shape):
    """The model does not see the parameter; the tool gets what a template gives."""

    path: Path
    """The parameter, as in a `hasParameter` condition."""
    value_template: str = Field(max_length=MOST_VALUE_TEMPLATE)
    """Liquid. It may name `pinned_parameters`, `objective.id`, `objective.external_id` and
    `objective.labels`; naming what there is not fails the call. For a parameter whose declared type is not
    a string the text is read as JSON."""


class Pin(Shape):
    """The model does not see the parameter; the tool gets the objective's pinned parameter."""

    path: Path
    """The parameter, as in a `hasParameter` condition."""
    pinned_parameter: str = Field(min_length=1, max_length=255)
    """The name of the pinned parameter."""
    on_missing: Literal["ON_MISSING_FAIL", "ON_MISSING_SKIP"]
    """Where the objective has no such pinned parameter: `ON_MISSING_FAIL` fails each call that would need it,
    `ON_MISSING_SKIP` leaves the parameter to the model."""


class ParameterAction(OneOf):
    """What happens to one parameter, in the schema that the model sees and in the arguments of every call."""

    type: Literal["remove", "set", "pin"]
    """The kind, and the one other key."""
    remove: Remove | None = None
    """It is left out."""
    set: SetValue | None = None
    """It has the value that a template gives."""
    pin: Pin | None = None
    """It has the value of one of the objective's pinned parameters."""


class Transform(Shape):
    """The text of a result is replaced by what a template gives; images and audio stay as they are."""

    content_template: str = Field(max_length=MOST_CONTENT_TEMPLATE)
    """Liquid. It may name `result.text`, `result.json` (there only if the text is JSON), `result.blocks`,
    `parameters` (the arguments as the tool got them), `tool.name`, `tool.llm_tool_name`, `pinned_parameters`
    and `objective.id`, `objective.external_id`, `objective.labels`. Naming what there is not is an error.
    The filter `json` writes a value as indented JSON, `sanitized_json` as JSON in one line that is safe
    inside HTML."""
    on_error: Literal["ON_ERROR_RAW_CONTENT", "ON_ERROR_FAIL"]
    """What an error leads to: the content stays as it was before this action, or the call fails."""
    expect_json: bool = False
    """Whether a text that is not JSON, or no text at all, is an error."""


class ResultAction(OneOf):
    """What happens to a result, once, before it is kept."""

    type: Literal["transform"]
    """The kind, and the one other key."""
    transform: Transform | None = None
    """Its text is replaced."""


class WidgetArgumentExposure(Shape):
    """Whether visitors of a widget may see the arguments."""

    enabled: bool
    """They may; the last overlay of a tool that says anything about it decides."""


class ToolOverlay(Shape):
    """A rule of a tool set for some of its tools. Overlays are applied in order, and so are their actions:
    what comes later has the last word about a parameter."""

    key: str = Field(min_length=1, max_length=128, pattern=r"^[^\s,\x00]([^,\x00-\x1f]*[^\s,\x00])?$")
    """Its name, once in a set, without commas."""
    selector: Selector
    """Which tools it applies to."""
    disabled: bool = False
    """Whether it is switched off."""
    parameter_actions: list[ParameterAction] = Field(default_factory=list, max_length=MOST_ACTIONS)
    """What happens to parameters. A path that a tool does not declare changes nothing of what the model sees;
    what the model sends there all the same is removed or overwritten."""
    result_actions: list[ResultAction] = Field(default_factory=list, max_length=MOST_TRANSFORMS)
    """What happens to results; not for bare tool sets."""
    widget_argument_exposure: WidgetArgumentExposure | None = None
    """Whether arguments may be seen in widgets; absent for no opinion."""
    auto_mode: AutoModeConfig | None = None
    """Calls need an approval, which the scores of these questions may give. The last overlay of a tool that
    has one decides."""
