"""Limits on the size and the time of requests, as ASGI middleware in front of the application."""

import asyncio
from typing import Any

DRAINED = 8  # times the limit: so much is read of a body too large, or the client hears a reset
_REFUSED = {
    408: "the body did not arrive within {seconds:g} s",
    413: "the body is larger than {size} bytes; send fewer rows, or binary data",
}


class Refused(Exception):
    """A body beyond the limits, with the HTTP status that says so."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Bounded:
    """Reads the whole body first, within `seconds` and up to `size` bytes, then calls the app.

    A client that sends slowly, or without end, thus never reaches the model.
    """

    def __init__(self, app: Any, size: int, seconds: float) -> None:
        self.app, self.size, self.seconds = app, size, seconds

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            body = await self._body(scope, receive)
        except Refused as refused:
            await self._refuse(refused.status, send)
            return
        if body is None:
            return
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def replay() -> Any:
            message = next(messages, None)
            return await receive() if message is None else message

        await self.app(scope, replay, send)

    async def _body(self, scope: Any, receive: Any) -> bytes | None:
        """The body, or None of a client that went away."""
        declared = int(dict(scope["headers"]).get(b"content-length", b"0"))  # a number: h11 checks
        if declared > DRAINED * self.size:
            raise Refused(413)
        parts: list[bytes] = []
        have, more = 0, True
        try:
            async with asyncio.timeout(self.seconds):
                while more and have <= DRAINED * self.size:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    part, more = message.get("body", b""), message.get("more_body", False)
                    have += len(part)
                    if have > self.size:
                        parts.clear()  # read on, to be heard, but keep nothing
                    else:
                        parts.append(part)
        except TimeoutError:
            raise Refused(413 if have > self.size else 408) from None
        if have > self.size:
            raise Refused(413)
        return b"".join(parts)

    async def _refuse(self, status: int, send: Any) -> None:
        text = _REFUSED[status].format(size=self.size, seconds=self.seconds)
        headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"error": "%s"}' % text.encode()})
