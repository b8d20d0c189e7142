"""What the path of a request says before Django is asked. The routes themselves stand in `config.urls`."""

import re

_API = re.compile(
    r"""
    /(?:api-proxy/)?v1/(?:
        (?P<socket>ws)
      | (?P<upload>files/?)
      | spaces/(?P<space_id>[^/]+)/skills/executions/(?:
            by-chat-tool-call/(?P<tool_call_id>.+)  # first: a tool call's id may be the word `events`
          | (?P<execution_id>[^/]+)/events
        )
      | spaces/(?P<chat_space>[^/]+)/(?:chat(?:/(?P<chat_thread>[^/]+)/stream)?|(?P<ag_ui>ag-ui))
      | (?P<workspace_api>
            workspaces/(?P<workspace_id>[^/]+)/objectives(?:/(?P<objective_id>[^/]+)/events)?:stream
          | (?:workspaces|account|whoami)(?:[/:].*)?
        )
      | .*
    )
    """,
    re.VERBOSE | re.DOTALL,
)


def api_path(path: str) -> re.Match[str] | None:
    """What a decoded path names, by group; None for what is not of the API.

    `socket` and `upload` are the paths so called, `workspace_api` all of that dialect. `tool_call_id` is of
    the lookup, `execution_id` and `objective_id` of a stream of events, and `workspace_id` without
    `objective_id` of the stream that makes an objective. `chat_space` is where a turn of a chat is streamed:
    of `chat_thread`, or by what the body says, as `ag_ui` has it or otherwise.
    """
    return _API.fullmatch(path)
