"""From a `subscribe` frame to the subscription that it asks for."""

import uuid

from executions.runs.live import registry
from executions.runs.live.authorisation import CallAsk, RunAsk
from executions.runs.live.socket.call_subscription import CallSubscription
from executions.runs.live.socket.client_frames import Subscribe, known_id
from executions.runs.live.socket.feed_subscription import FeedSubscription
from executions.runs.live.socket.log_subscription import SocketContext
from executions.runs.live.socket.run_subscription import RunSubscription
from executions.runs.live.socket.subscription_set import Subscription
from spaces.errors import Invalid, NotFound


def subscription_for(desk: SocketContext, frame: Subscribe) -> Subscription:
    """Raises Invalid for a malformed id, NotFound for a kind of run that no app has registered."""
    space_id = frame.space()
    after = frame.after
    if isinstance(after, str) or frame.is_feed:
        if space_id is None or isinstance(after, int):
            raise Invalid.field(
                "after", msg="after is a cursor for a space and a number for everything else."
            )
        return FeedSubscription(desk, frame.sub, space_id, after=after)
    if frame.tool_call_id is not None:
        ask = CallAsk(frame.tool_call_id, frame.thread_id, space_id)
        return CallSubscription(desk, frame.sub, ask, after=after)
    if frame.thread_id is not None:
        return _thread_subscription(desk, frame, after, space_id)
    stream, text = _named_run(frame)
    run_id = stream.parse_id(text)
    if run_id is None:
        raise Invalid.field(stream.id_name, msg=f"{stream.id_name} is not an id.", kind="id_parsing")
    return RunSubscription(desk, frame.sub, RunAsk(stream, run_id, space_id), after=after)


def _thread_subscription(
    desk: SocketContext, frame: Subscribe, after: int | None, space_id: uuid.UUID | None
) -> Subscription:
    chat = registry.chat()
    thread_id = known_id("thread_id", frame.thread_id or "")
    ask = RunAsk(registry.run_stream(chat.kind), thread_id, space_id, chat.snapshot)
    return RunSubscription(desk, frame.sub, ask, after=after)


def _named_run(frame: Subscribe) -> tuple[registry.RunStream, str]:
    for stream in registry.run_streams():
        text = getattr(frame, stream.id_name, None)
        if text is not None:
            return stream, text
    raise NotFound
