"""Commands on the socket: done by a thread, answered once."""

from django.db import Error as DatabaseError
from django.utils import timezone

from executions.runs.live import registry
from executions.runs.live.frames import write, write_error
from executions.runs.live.socket.client_frames import Command
from executions.runs.live.socket.subscription_set import refusal_of
from spaces.errors import Conflict, DomainError
from spaces.identity import Credentials, caller_of_identity


def carry_out(identity: Credentials, frame: Command) -> str:
    """Do it as whoever the socket is of, as they stand now; the answering frame. Raises Unauthenticated."""
    now = timezone.now()
    caller = caller_of_identity(identity, now=now)
    given = frame.model_dump(exclude_none=True, exclude={"type", "id"})
    try:
        result = registry.chat().obey(caller, frame.type, given, now)
    except Conflict as error:
        return write_error(None, "conflict", error.message, id=frame.id)
    except (DomainError, DatabaseError) as error:
        refused = refusal_of(error)
        return write_error(None, refused.code, refused.detail, field=refused.field, id=frame.id)
    return write({"type": "done", "id": frame.id, "result": dict(result)})
