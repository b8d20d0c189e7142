"""The websocket itself: lets a client in, reads its frames, and lets its subscriptions write."""

import asyncio
import contextlib
import logging
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from django.utils import timezone

from executions.runs.live.asgi_scope import ScopeAddress, has_trusted_origin, query
from executions.runs.live.frames import write, write_error
from executions.runs.live.hub import Hub, running_hub
from executions.runs.live.socket.client_frames import (
    MAX_FRAME_CHARACTERS,
    BadFrame,
    Command,
    Ping,
    Subscribe,
    Unsubscribe,
    parse_frame,
)
from executions.runs.live.socket.commands import carry_out
from executions.runs.live.socket.log_subscription import SocketContext
from executions.runs.live.socket.subscription_set import Refused, Roster
from executions.runs.live.socket.targets import subscription_for
from executions.runs.live.threads import in_thread
from executions.runs.live.transport import Gone, Outlet
from spaces.api.viewsets import base_url
from spaces.authentication import caller_and_identity
from spaces.errors import TooMany
from spaces.identity import Credentials, ReadClaim
from spaces.keys import Unauthenticated
from spaces.tickets import PARAMETER, redeem_ticket

logger = logging.getLogger(__name__)

# Close codes: 4000 and an HTTP status. Sent after the handshake even to refuse: browsers see them only then.
UNAUTHENTICATED, WRONG_ORIGIN, TOO_BIG, TOO_MANY, BROKEN = 4401, 4403, 4413, 4429, 4500
OVER = "These credentials have expired or were revoked."


class LiveSocket(AsyncConsumer):
    """`/v1/ws`. One task reads the client's frames in order, one writes.

    Neither holds a thread or a database connection.
    """

    identity: Credentials

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One connection, from its handshake to its end."""
        self._outlet = Outlet(send)
        self._roster = Roster(self._send, self._send_now)
        self._hub: Hub | None = None
        self._writer: asyncio.Task[None] | None = None
        self._turned_out: asyncio.Task[None] | None = None
        self._is_closing = False
        try:
            await super().__call__(scope, receive, send)
        except Gone as gone:
            logger.info("A socket ended: %s", gone)
        finally:
            self._leave()

    async def dispatch(self, message: Any) -> None:
        """Without the parent's look at database connections: ours are used and given back in threads."""
        await getattr(self, message["type"].replace(".", "_"))(message)

    async def websocket_connect(self, message: Any) -> None:
        await self._outlet.write({"type": "websocket.accept"})
        if not has_trusted_origin(self.scope):
            await self._close(WRONG_ORIGIN, "not_permitted", "This origin may not connect.")
            return
        try:
            self.identity = await in_thread(_identify, self.scope)
        except Unauthenticated as error:
            await self._close(UNAUTHENTICATED, "unauthenticated", error.message)
            return
        hub = await running_hub()
        try:
            hub.doorkeeper.admit(self)
        except TooMany as error:
            await self._close(TOO_MANY, "too_many", error.message)
            return
        self._hub = hub
        self._writer = asyncio.create_task(self._write())

    async def websocket_receive(self, message: Any) -> None:
        text = message.get("text")
        if self._is_closing:
            return
        if text is not None and len(text) > MAX_FRAME_CHARACTERS:
            await self._close(TOO_BIG, "invalid", f"A frame has at most {MAX_FRAME_CHARACTERS} characters.")
            return
        try:
            await self._follow(parse_frame(text))
        except BadFrame as bad:
            await self._send(write_error(bad.sub, "invalid", bad.detail, field=bad.field, id=bad.id))
        except Unauthenticated:
            await self._close(UNAUTHENTICATED, "unauthenticated", OVER)

    async def websocket_disconnect(self, message: Any) -> None:
        raise StopConsumer

    def claims(self) -> Collection[ReadClaim]:
        return self._roster.claims()

    def turn_out(self, lost: Collection[ReadClaim], *, is_over: bool) -> None:
        if is_over:
            self._turned_out = asyncio.create_task(self._close(UNAUTHENTICATED, "unauthenticated", OVER))
        else:
            self._roster.turn_out(lost)

    async def _follow(self, frame: Subscribe | Unsubscribe | Ping | Command) -> None:
        try:
            match frame:
                case Ping(sub=sub):
                    await self._send(write({"type": "pong"} | ({} if sub is None else {"sub": sub})))
                case Subscribe(sub=sub) if self._hub is not None:
                    address = base_url(ScopeAddress(self.scope))
                    desk = SocketContext(self._hub, self.identity, address, self._roster)
                    await self._roster.add(sub, partial(subscription_for, desk, frame))
                case Command():
                    await self._send(await in_thread(carry_out, self.identity, frame))
                case Unsubscribe(sub=sub):
                    if not self._roster.remove(sub):
                        raise Refused("not_subscribed", "Unknown subscription.", field="sub")
                    await self._send(write({"type": "ended", "sub": sub, "reason": "unsubscribed"}))
        except Refused as refused:
            await self._send(write_error(frame.sub, refused.code, refused.detail, field=refused.field))

    async def _write(self) -> None:
        try:
            while True:
                await self._roster.write()
        except Gone as gone:
            logger.info("A socket ended: %s", gone)
        except Unauthenticated:
            await self._close(UNAUTHENTICATED, "unauthenticated", OVER)
        except Exception:
            logger.exception("The writer of a socket failed.")
            await self._close(BROKEN, "unavailable", "Internal error.")

    async def _send(self, text: str) -> None:
        if not self._is_closing:
            await self._outlet.write({"type": "websocket.send", "text": text})

    def _send_now(self, text: str) -> bool:
        return not self._is_closing and self._outlet.write_now({"type": "websocket.send", "text": text})

    async def _close(self, close_code: int, code: str, detail: str) -> None:
        """Say why, then close; the client's answer to that ends the connection."""
        if self._is_closing:
            return
        self._is_closing = True  # before the first await: the doorkeeper and the writer may both find it over
        with contextlib.suppress(Gone):  # then there is nobody to tell
            await self._outlet.write({"type": "websocket.send", "text": write_error(None, code, detail)})
            await self._outlet.write({"type": "websocket.close", "code": close_code})

    def _leave(self) -> None:
        self._is_closing = True
        if self._hub is not None:
            self._hub.doorkeeper.dismiss(self)
        for task in (self._writer, self._turned_out):
            if task is not None:
                task.cancel()
        self._roster.clear()


def _identify(scope: Mapping[str, Any]) -> Credentials:
    """By ticket where the address carries one, else by key or session; raises Unauthenticated."""
    ticket = query(scope, PARAMETER)
    if ticket is None:
        return caller_and_identity(scope, now=timezone.now(), takes_tickets=True)[1]
    return redeem_ticket(ticket, now=timezone.now())
