"""The demo's agent: a skill that it calls by itself, and a tool that somebody has to approve."""

from datetime import datetime
from typing import Final

from django.db import transaction

from objectives.actions.agents import create_agent, move_agent
from objectives.actions.tools import create_tool
from objectives.actions.toolsets import create_tool_set
from objectives.actions.variations import update_variation
from objectives.ids import EXTERNAL, Prefix, spell
from objectives.lifecycles.agents import AgentVerb
from objectives.models import Agent, AgentState, AgentVariation
from objectives.schemas.agents import NewAgent
from objectives.schemas.tools import NewTool
from objectives.schemas.toolsets import NewToolSet
from objectives.validation.labels import SKILL_LABEL
from spaces.access import SpaceAccess

# Their external ids, by which they are found again.
AGENT, VARIATION, TOOL_SET, TOOL = "demo-clerk", "demo-careful", "demo-mail", "demo-send-email"
SKILL: Final = "csv-profile"
MESSAGE: Final = "Look through orders.csv, and send finance what you find."
SENT: Final = "Sent. (The demo sends no mail.)"
PROMPT: Final = """You look through files and tell people by email what you find. Send nothing unasked.

```demo
- say: "I look through the file first. "
- {tool: csv-profile, arguments: {uploaded_files: [orders.csv]}}
- say: "Now I know what is in it. May I send it?"
- tool: send_email
  arguments:
    to: finance@northwind.example
    subject: What is in orders.csv
    body: I looked through orders.csv. Its profile and a chart are with the tool call before this one.
- answer: "The tool says: {last_result} That is all I was asked for."
- answer: "You say: {message} I am a script, and this was its end."
```
"""


def build_agent(*, access: SpaceAccess, now: datetime) -> Agent:
    """The published demo agent with its tool: made once, found again and published again later.

    Its script is always the one above, so that a newer Callboard's demo tells its own story.
    """
    with transaction.atomic():
        agent = Agent.objects.filter(space_id=access.space_id, external_id=AGENT).first()
        agent = agent or _new_agent(access, now)
        _freshen(agent, access, now)
        address = spell(Prefix.AGENT, agent.id)
        if agent.state == AgentState.ARCHIVED:
            agent = move_agent(access=access, address=address, verb=AgentVerb.UNARCHIVE, now=now)
        if agent.state == AgentState.DRAFT:
            agent = move_agent(access=access, address=address, verb=AgentVerb.PUBLISH, now=now)
    return agent


def _new_agent(access: SpaceAccess, now: datetime) -> Agent:
    _make_tool(access, now)
    variation = {
        "metadata": {
            "name": "Careful",
            "external_id": VARIATION,
            "labels": {f"{SKILL_LABEL}{SKILL}": "auto"},
        },
        "spec": {
            "description": "Asks before it sends anything.",
            "system_prompt_template": PROMPT,
            "modelConfig": {"modelId": "demo"},
            "assignments": [{"type": "toolId", "toolId": f"{EXTERNAL}{TOOL}"}],
        },
    }
    agent = {
        "metadata": {"name": "File clerk", "external_id": AGENT},
        "spec": {"description": "Looks through files and tells people about them."},
        "default_variation": variation,
    }
    return create_agent(access=access, new=NewAgent.model_validate(agent), now=now)


def _make_tool(access: SpaceAccess, now: datetime) -> None:
    """A bare tool with a result that is always set: approving it is all that anybody has to do."""
    tool_set = {
        "metadata": {"name": "Mail", "external_id": TOOL_SET},
        "spec": {"description": "Email of the demo.", "adapter": {"type": "bare", "bare": {}}},
    }
    create_tool_set(access=access, wanted=NewToolSet.model_validate(tool_set), now=now)
    text = {"type": "string"}
    tool = {
        "metadata": {"name": "Send email", "external_id": TOOL},
        "spec": {
            "description": "Sends an email in the company's name.",
            "requires_approval": True,
            "llm_tool_name": "send_email",
            "parameters": {
                "type": "object",
                "properties": {"to": text, "subject": text, "body": text},
                "required": ["to", "subject", "body"],
                "additionalProperties": False,
            },
            "config": {"type": "bare", "bare": {"alwaysSetResult": SENT}},
        },
    }
    create_tool(access=access, tool_set=f"{EXTERNAL}{TOOL_SET}", wanted=NewTool.model_validate(tool), now=now)


def _freshen(agent: Agent, access: SpaceAccess, now: datetime) -> None:
    """Give the variation the script above where it has another."""
    stale = AgentVariation.objects.filter(agent=agent, external_id=VARIATION)
    if stale.exclude(system_prompt_template=PROMPT).exists():
        update_variation(
            access=access,
            agent_address=spell(Prefix.AGENT, agent.id),
            address=f"{EXTERNAL}{VARIATION}",
            changes={"spec.system_prompt_template": PROMPT},
            now=now,
        )
