"""What two callers do to one tool set at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from objectives.actions.tools import create_tool
from objectives.actions.toolsets import delete_tool_set
from objectives.ids import Prefix, spell
from objectives.models import Tool, ToolSet
from objectives.schemas.tools import NewTool
from spaces.errors import NotFound
from spaces.models import Role
from tests.factories import NOW, make_actor
from tests.objectives.factories import make_tool_set

pytestmark = pytest.mark.django_db(transaction=True)
WANTED = NewTool.model_validate(
    {"metadata": {"name": "find order"}, "spec": {"config": {"http": {"requestMethod": "GET"}}}}
)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """The results, or errors, of works that begin together, each on its own connection."""
    barrier = Barrier(len(works))

    def begun(work: Callable[[], Any]) -> Any:
        try:
            barrier.wait(60)
            return work()
        except Exception as error:  # noqa: BLE001 - the test says which it expects
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(begun, works))


def test_tools_that_are_made_at_once_are_called_apart():
    actor = make_actor(role=Role.ADMIN)
    tool_set = make_tool_set(space=actor.space, created_by=actor.principal)
    address = spell(Prefix.TOOL_SET, tool_set.id)

    made = at_once(*[lambda: create_tool(access=actor.access, tool_set=address, wanted=WANTED, now=NOW)] * 6)

    assert all(isinstance(tool, Tool) for tool in made), made
    assert {tool.function_name for tool in made} == {"find_order", *(f"find_order_{n}" for n in range(2, 7))}


def test_a_tool_for_a_set_that_is_being_deleted_finds_no_set():
    actor = make_actor(role=Role.ADMIN)
    tool_set = make_tool_set(space=actor.space, created_by=actor.principal)
    address = spell(Prefix.TOOL_SET, tool_set.id)

    def make() -> Any:
        return create_tool(access=actor.access, tool_set=address, wanted=WANTED, now=NOW)

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        delete_tool_set(access=actor.access, tool_set=address)
        making = pool.submit(at_once, make)
        with pytest.raises(TimeoutError):
            making.result(0.5)  # it waits for the set
        transaction.on_commit(lambda: making.result(10))

    assert [type(one) for one in making.result()] == [NotFound]
    assert not ToolSet.objects.exists()
