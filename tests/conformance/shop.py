"""The agent of the story: tools over HTTP, one that people answer, a sub-agent and a skill."""

from dataclasses import dataclass

from tests.conformance.stage import Stage

ORDER = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}
SEVEN = {"arguments": {"order": "7"}}


@dataclass(frozen=True)
class Shop:
    """An agent with a tool that runs by itself, one to approve, one to answer, a sub-agent and a skill."""

    agent: str
    clerk: str
    tool_set: str


def open_shop(stage: Stage) -> Shop:
    """Make it, with the SDK; the space has the skill `echo`."""
    sets = stage.client.tool_sets
    orders = sets.create(
        metadata={"name": "orders", "external_id": "orders"},
        spec={
            "adapter": {
                "type": "http",
                "http": {"base_url": stage.tools.url, "headers": {"X-Key": "{{ secrets.KEY }}"}},
            },
            "secrets": [{"name": "KEY", "value": "hunter2-hunter2"}],
        },
    )
    people = sets.create(metadata={"name": "people"}, spec={"adapter": {"type": "bare", "bare": {}}})
    clerk = stage.agent("Clerk", [{"answer": "You asked: {message}"}])
    tools = [
        _tool(stage, orders.metadata.id, "find", "GET", requires_approval=False),
        _tool(stage, orders.metadata.id, "refund", "POST", requires_approval=True),
        _tool(stage, people.metadata.id, "ask", "", requires_approval=False),
    ]
    calls = [
        *({"tool": name, **SEVEN} for name in ("find", "refund", "refund", "ask")),
        {"tool": "Clerk", "arguments": {"task": "Count."}},
        {"tool": "echo", "arguments": {"text": "hallo"}},
    ]
    script = [
        {"say": "I look."},
        {"tools": calls},
        {"answer": "Denied: {results[2].error}. Asked: {results[3]}"},
        {"answer": "You said {message}"},
        {"sleep": 10},
        {"answer": "Then you said {message}"},
    ]
    assignments = [
        *({"type": "toolId", "tool_id": tool} for tool in tools),
        {"type": "subAgentId", "sub_agent_id": clerk},
    ]
    agent = stage.agent("Shop", script, labels={"callboard/skill.echo": "auto"}, assignments=assignments)
    return Shop(agent, clerk, orders.metadata.id)


def _tool(stage: Stage, tool_set: str, name: str, method: str, *, requires_approval: bool) -> str:
    http = {"type": "http", "http": {"request_method": method, "path": f"/{name}"}}
    made = stage.client.tool_sets.tools.create(
        tool_set,
        metadata={"name": name},
        spec={
            "description": f"It can {name}.",
            "requires_approval": requires_approval,
            "parameters": ORDER,
            "config": http if method else {"type": "bare", "bare": {}},
        },
    )
    return made.metadata.id
