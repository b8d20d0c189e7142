"""Calls everything that the client library on the path can read; told and answering in JSON.

Run in a process of its own, since several versions of the library cannot be in one. In: `url`, `token`,
`workspace`, `ids` by name, `objectives`, `calls`, `bodies`, and `steerable` for the verbs. Out: `version`,
`tried`, `refused` (honest errors of the API, by operation) and `failed` (what could not be read, likewise).
"""

import inspect
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from typing import Any

import cadenya

READS = ("list", "retrieve", "whoami", "get", "search")
_STREAMS = {"stream_events", "create_and_stream"}
# What a resource calls `id` in its own operations, by the resource's name.
OWN = {
    "agents": "agent_id",
    "variations": "variation_id",
    "ai_provider_keys": "provider_key_id",
    "api_keys": "key_id",
    "models": "model_id",
    "objectives": "objective_id",
    "secrets": "secret_id",
    "tool_calls": "tool_call_id",
    "tool_sets": "tool_set_id",
    "tools": "tool_id",
    "workspace_secrets": "workspace_secret_id",
}


class Trial:
    """One version against one server."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._told = told
        self._client = _strict_client(told)
        self.tried: list[str] = []
        self.refused: dict[str, str] = {}
        self.failed: dict[str, str] = {}

    def run(self) -> None:
        for name, method, ids in operations(self._client, self._told["ids"]):
            self._try(name, method, ids)
        for objective in self._told["objectives"]:
            self._one("objectives.retrieve", objective)
        for call in self._told["calls"]:
            self._one("retrieve_tool_call", self._told["ids"]["objective_id"], call)
        self._stream()
        self._steer(self._told["steerable"])
        self._manage_keys()
        self._assign()
        for body in self._told["bodies"]:
            self._decode(body)

    def _one(self, name: str, *ids: str) -> None:
        """One that is addressed by what it is called in either generation of the library."""
        of_objectives = self._client.objectives
        method = of_objectives.retrieve
        if name == "retrieve_tool_call":
            older = getattr(of_objectives, "tool_calls", None)
            method = older.retrieve if older else of_objectives.retrieve_tool_call
        self._try(f"{name} {ids[-1]}", method, ids)

    def _stream(self) -> None:
        """The events of an objective that is over, which the server ends."""
        if stream := getattr(self._client.objectives, "stream_events", None):
            self._try("objectives.stream_events", stream, (self._told["over"],))

    def _steer(self, told: dict[str, str]) -> None:
        """The verbs: one after the other, each on what the one before left."""
        of_objectives = self._client.objectives
        older = getattr(of_objectives, "tool_calls", None)
        approve = older.approve if older else of_objectives.approve_tool_call
        deny = older.deny if older else of_objectives.deny_tool_call
        answer = older.set_content if older else of_objectives.set_tool_call_content
        feedback = getattr(of_objectives, "feedback", None)
        judge = feedback.create if feedback else of_objectives.create_feedback
        text = [{"type": "text", "text": {"text": "Blue."}}]
        asked, idle = (told["asked"],), (told["idle"],)
        new = partial(of_objectives.create, agent_id=told["agent"], first_user_message="Go.")
        self._try("create", partial(new, system_prompt_data={}), ())
        self._try("approve", approve, (*asked, told["approve"]))
        self._try("deny", partial(deny, memo="No."), (*asked, told["deny"]))
        self._try("set content", partial(answer, content=text), (*asked, told["content"]))
        self._try("feedback", partial(judge, metadata={}, data={"score": 1.0}), asked)
        self._try("continue", partial(of_objectives.continue_, message="More."), idle)
        self._try("queue", partial(of_objectives.continue_, message="Later.", enqueue=True), idle)
        self._try("compact", of_objectives.compact, idle)
        if hasattr(of_objectives, "interrupt"):
            self._try("interrupt", of_objectives.interrupt, idle)
        self._try("cancel", of_objectives.cancel, idle)

    def _manage_keys(self) -> None:
        """A key's life; the verbs of the account's own key where the library has them: 1.8.0 dropped them."""
        of_keys = self._client.api_keys
        metadata = {"name": "Shop"}
        made = self._try(
            "make a key", partial(of_keys.create, metadata=metadata, spec={"permissions": []}), ()
        )
        if made is None:
            return
        for verb in ("retrieve", "disable", "enable", "rotate", "update", "delete"):
            given = {"metadata": metadata, "update_mask": "metadata.name"} if verb == "update" else {}
            self._try(f"{verb} a key", partial(getattr(of_keys, verb), **given), (made.metadata.id,))
        older = getattr(self._client, "global_api_key", None)
        for verb in ("disable", "enable", "rotate"):
            if act := getattr(older, verb, None) or getattr(of_keys, f"{verb}_global", None):
                self._try(f"{verb} the account's key", act, ())

    def _assign(self) -> None:
        """Something more for a variation, and taken from it again: before 1.2 by an id of its own."""
        of_agents, ids = self._client.agents, self._told["ids"]
        of_variations = getattr(of_agents, "variations", None) or self._client.agent_variations
        what = {"type": "toolSetId", "tool_set_id": ids["tool_set_id"]}
        add, remove = of_variations.add_assignment, of_variations.remove_assignment
        given = {"body": what} if "body" in inspect.signature(add).parameters else what
        at = (ids["agent_id"], ids["variation_id"])
        added = self._try("assign", partial(add, **given), at)
        if "id" in inspect.signature(remove).parameters:
            self._try("unassign", remove, (*at, getattr(added, "id", "")))
        else:
            self._try("unassign", partial(remove, **given), at)

    def _decode(self, body: dict[str, Any]) -> None:
        """A body that no server of ours sends, read with the library's own type."""
        if hasattr(cadenya, "types") and hasattr(cadenya.types, "ObjectiveToolCallWithResult"):
            read = cadenya.types.ObjectiveToolCallWithResult._from_json
        else:
            from cadenya.types.objectives import ObjectiveToolCallWithResult  # noqa: PLC0415 - older ones only

            read = ObjectiveToolCallWithResult.model_validate
        self._try("the superset body", read, (body,))

    def _try(self, name: str, method: Callable[..., Any], ids: tuple[Any, ...]) -> Any:
        """The answer; None where there is none that can be read."""
        self.tried.append(name)
        answer = None
        try:
            answer = method(*ids)
            if hasattr(answer, "__iter__") and not isinstance(answer, dict | str):
                _ = [item for item, _ in zip(answer, range(500), strict=False)]
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            status = getattr(error, "status_code", None)
            is_answer = isinstance(status, int) and status >= 400
            (self.refused if is_answer else self.failed)[name] = _told(error)
        return answer


def operations(client: Any, ids: dict[str, str]) -> Iterator[tuple[str, Callable[..., Any], tuple[str, ...]]]:
    """Every read of every resource whose ids are known."""
    waiting = [(name, getattr(client, name)) for name in _resources(client)]
    while waiting:
        path, resource = waiting.pop(0)
        waiting += [(f"{path}.{name}", getattr(resource, name)) for name in _resources(resource)]
        for name in dir(resource):
            if name.startswith(READS) and name not in _STREAMS:
                method = getattr(resource, name)
                wanted = _ids(method, path.rpartition(".")[2], ids) if callable(method) else None
                if wanted is None:
                    continue
                yield f"{path}.{name}", method, wanted
                if "include_info" in inspect.signature(method).parameters:
                    yield f"{path}.{name} with info", partial(method, include_info=True), wanted


def _told(error: Exception) -> str:
    """What went wrong, and what that came from: older libraries say it there only."""
    return f"{type(error).__name__}: {error} {error.__cause__ or ''}"[:1500]


def _resources(owner: Any) -> list[str]:
    found = []
    for name in dir(type(owner)) + list(vars(owner)):
        if name.startswith(("_", "with_")) or name in found:
            continue
        value = getattr(owner, name)
        if "resources" in type(value).__module__:
            found.append(name)
    return found


def _ids(method: Callable[..., Any], resource: str, ids: dict[str, str]) -> tuple[str, ...] | None:
    """What a read needs to be told, None where something is not known."""
    wanted = []
    for parameter in inspect.signature(method).parameters.values():
        if parameter.default is not parameter.empty:
            continue
        if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD:
            return None
        value = ids.get(OWN.get(resource, "") if parameter.name == "id" else parameter.name)
        if value is None:
            return None
        wanted.append(value)
    return tuple(wanted)


def _strict_client(told: dict[str, Any]) -> Any:
    """The client; those generations that read anything at all unless told otherwise are told so."""
    given = {"api_key": told["token"], "base_url": told["url"], "workspace_id": told["workspace"]}
    if "_strict_response_validation" in inspect.signature(cadenya.Cadenya).parameters:
        given["_strict_response_validation"] = True
    return cadenya.Cadenya(**given, max_retries=0)


if __name__ == "__main__":
    trial = Trial(json.load(sys.stdin))
    trial.run()
    names = ("tried", "refused", "failed")
    json.dump({"version": version("cadenya"), **{name: getattr(trial, name) for name in names}}, sys.stdout)
