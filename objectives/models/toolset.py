"""Tools that agents may call, in sets that share an adapter."""

from typing import ClassVar

from django.db import models

from objectives.models.resource import Resource, external_id_once, newest_in_space


class ToolSetState(models.TextChoices):
    ACTIVE = "active", "Active"  # its tools may be called
    ARCHIVED = "archived", "Archived"  # hidden; its tools are offered to nobody


class AdapterKind(models.TextChoices):
    HTTP = "http", "HTTP"  # Callboard makes the request
    BARE = "bare", "Bare"  # somebody outside supplies the content


class ToolState(models.TextChoices):
    AVAILABLE = "available", "Available"  # may be assigned and called
    OMITTED = "omitted", "Omitted"  # left out on purpose
    ARCHIVED = "archived", "Archived"  # hidden for good


class ToolSet(Resource):
    """Tools behind one address or one outside party.

    For HTTP `base_url` and `headers` (templates, into which secrets may go) belong to every request; for a
    bare set `content_seconds` is how long a call waits for its content, empty for ever. `overlays` are rules
    for its tools, in order and as the API writes them.
    """

    state = models.CharField(max_length=10, choices=ToolSetState, default=ToolSetState.ACTIVE)
    description = models.TextField(blank=True, default="")
    adapter = models.CharField(max_length=10, choices=AdapterKind)
    base_url = models.TextField(blank=True, default="")
    headers = models.JSONField(default=dict, blank=True)
    content_seconds = models.FloatField(null=True, blank=True)
    overlays = models.JSONField(default=list, blank=True)

    class Meta:
        constraints: ClassVar = [external_id_once("tool_set")]
        indexes: ClassVar = [newest_in_space("toolset")]


class Tool(Resource):
    """One function that a model may call.

    `config` is the adapter's part as the API writes it, without its `type`; `parameters` is a JSON Schema of
    an object. `function_name` is what the model calls it, made from the name where nobody chose one.
    """

    tool_set = models.ForeignKey(ToolSet, on_delete=models.CASCADE, related_name="tools", db_index=False)
    state = models.CharField(max_length=10, choices=ToolState, default=ToolState.AVAILABLE)
    description = models.TextField(blank=True, default="")
    requires_approval = models.BooleanField(default=False)
    parameters = models.JSONField(default=dict, blank=True)
    config = models.JSONField(default=dict, blank=True)
    function_name = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            external_id_once("tool"),
            models.UniqueConstraint(
                fields=["tool_set", "function_name"], name="a_function_is_one_tool_of_its_set"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tool_set", "created_at", "id"], name="tool_by_set")]
