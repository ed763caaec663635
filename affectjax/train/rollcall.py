"""The processes of one run in touch with each other: a roll call, barriers, and signs of life.

XLA's own coordination ends a process with a stack trace and no name when another never came, and
learns of a killed one after its heartbeats' time-out. Here each process holds one TCP connection
to a hub in process 0: a killed process is known at once, for the system closes its socket, and a
silent one after `lost_after` seconds, and all others end with one message that names it.

Messages are JSON objects, one a line.
"""

import contextlib
import json
import os
import selectors
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

LOST = 76  # exit code: another process is gone; run all again
FAILED = 1  # exit code: another process met an error that a person must look at
_TICK = 0.2  # seconds between two looks at the clock
Message = Mapping[str, Any]
End = Callable[[int, str], Any]


def end(code: int, text: str) -> NoReturn:
    """Print one message and end the process now, whatever its other threads wait for."""
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    sys.stderr.write(f"\naffectjax: {text} (exit code {code})\n")
    sys.stderr.flush()
    os._exit(code)


def names(ids: list[int], count: int, hosts: Mapping[int, str] | None = None) -> str:
    """'processes 1 (node7), 3 of 4' for a message.

    >>> names([1, 3], 4, {1: "node7"})
    'processes 1 (node7), 3 of 4'
    """
    told = [f"{i} ({hosts[i]})" if hosts and i in hosts else f"{i}" for i in ids]
    return f"process{'es' if len(ids) > 1 else ''} {', '.join(told)} of {count}"


class Hub(threading.Thread):
    """What process 0 keeps: who is here, who waits at which barrier, who has fallen silent."""

    def __init__(
        self, port: int, count: int, patience: float, lost_after: float, end: End = end
    ) -> None:
        super().__init__(name="affectjax-hub", daemon=True)
        self._count, self._patience, self._lost_after, self._end = count, patience, lost_after, end
        self._listener = _listener(port, count)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._buffers: dict[socket.socket, bytes] = {}
        self._members: dict[int, socket.socket] = {}
        self._seen: dict[int, float] = {}
        self._hosts: dict[int, str] = {}
        self._at: dict[str, dict[int, Any]] = {}
        self._left: set[int] = set()
        self._begun = time.monotonic()
        self._told = self._begun

    def run(self) -> None:
        while len(self._left) < self._count:
            for key, _ in self._selector.select(_TICK):
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._read(key.fileobj)  # type: ignore[arg-type]
            self._look_at_the_clock()
        self._listener.close()

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        self._buffers[connection] = b""
        self._selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._closed(connection)
            return
        *lines, self._buffers[connection] = (self._buffers[connection] + data).split(b"\n")
        try:
            for line in lines:
                self._take(connection, json.loads(line))
        except (ValueError, KeyError, TypeError):  # not one of ours: a scanner of ports
            self._closed(connection)

    def _closed(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        connection.close()
        gone = [i for i, c in self._members.items() if c is connection and i not in self._left]
        if gone:
            self._lost(gone, "ended without a word: it was killed, or its machine is gone")

    def _take(self, connection: socket.socket, message: Message) -> None:
        who = message["from"]
        self._seen[who] = time.monotonic()
        if "hello" in message:
            self._greet(connection, who, message["hello"])
        elif "at" in message:
            self._arrived(message["at"], who, message["value"])
        elif "failed" in message:
            text = f"{names([who], self._count, self._hosts)} failed: {message['failed']}"
            self._left.add(who)
            self._verdict(message["code"], f"{text}\nIts own output tells more.", but=who)
        elif "left" in message:
            self._left.add(who)

    def _greet(self, connection: socket.socket, who: int, hello: Mapping[str, Any]) -> None:
        if hello["count"] != self._count or who in self._members or not 0 <= who < self._count:
            twice = "there is one already" if who in self._members else "the counts differ"
            text = (
                f"process {who} of {hello['count']} on {hello['host']} does not fit a run of "
                f"{self._count} processes: {twice}; give each --process_id=0..N-1 once"
            )
            _send(connection, {"verdict": text, "code": FAILED})
            self._verdict(FAILED, text)
            return
        self._members[who], self._hosts[who] = connection, hello["host"]

    def _arrived(self, name: str, who: int, value: Any) -> None:
        waiting = self._at.setdefault(name, {})
        waiting[who] = value
        if len(waiting) == self._count:
            del self._at[name]
            self._tell_all({"go": name, "value": waiting[0]})

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        if now - self._told > self._lost_after / 10:
            self._told = now
            self._tell_all({"alive": True})
        missing = [i for i in range(self._count) if i not in self._members]
        if missing:
            if now - self._begun > self._patience:
                self._lost(missing, f"did not come within {self._patience:.0f} s")
            return
        silent = [i for i, t in self._seen.items() if now - t > self._lost_after]
        silent = [i for i in silent if i not in self._left]
        if silent:
            self._lost(silent, f"gave no sign of life for {self._lost_after:.0f} s")

    def _lost(self, ids: list[int], why: str) -> None:
        who = names(ids, self._count, self._hosts)
        self._verdict(LOST, f"{who} {why}. Start all processes again: they go on from the last "
                      "checkpoint, on as many hosts as there are then")  # fmt: skip

    def _verdict(self, code: int, text: str, but: int | None = None) -> None:
        for i, connection in self._members.items():
            if i not in (0, but):
                _send(connection, {"verdict": text, "code": code})
        if but != 0:
            time.sleep(1)  # or the end of this process may reach the others before the verdict
            self._end(code, text)

    def _tell_all(self, message: Message) -> None:
        for i, connection in self._members.items():
            if i not in self._left:
                _send(connection, message)


class Member:
    """A process's end of its connection to the hub."""

    def __init__(
        self,
        address: tuple[str, int],
        index: int,
        count: int,
        patience: float,
        lost_after: float,
        end: End = end,
    ) -> None:
        self._index, self._count, self._lost_after, self._end = index, count, lost_after, end
        self._go: dict[str, Any] = {}
        self._changed = threading.Condition()
        self._passed: dict[str, int] = {}
        self._leaving = False
        self._socket = _connect(address, index, count, patience)
        hello = {"count": count, "host": socket.gethostname()}
        self._say({"hello": hello})
        for name, work in (("reader", self._listen), ("pulse", self._beat)):
            threading.Thread(target=work, name=f"affectjax-{name}", daemon=True).start()

    def barrier(self, name: str, value: Any = None) -> Any:
        """Wait until every process is here; returns process 0's value.

        There is no time-out: while every process lives, it may have work to do. Who is waited for
        too long is the watchdog's to find; who dies ends the others.
        """
        self._passed[name] = self._passed.get(name, 0) + 1
        key = f"{name} {self._passed[name]}"
        self._say({"at": key, "value": value})
        with self._changed:
            self._changed.wait_for(lambda: key in self._go)
            return self._go.pop(key)

    def fail(self, text: str, code: int = FAILED) -> None:
        """Tell the others why this process ends, and with which code they end."""
        self._leaving = True
        with contextlib.suppress(OSError):
            self._say({"failed": text, "code": code})

    def leave(self) -> None:
        """Say that this process has nothing more to do; its end is no loss."""
        self._leaving = True
        self._say({"left": True})

    def _say(self, message: Message) -> None:
        _send(self._socket, {"from": self._index, **message})

    def _beat(self) -> None:
        while not self._leaving:
            time.sleep(min(self._lost_after / 10, 5.0))
            with contextlib.suppress(OSError):
                self._say({"alive": True})

    def _listen(self) -> None:
        why = f"gave no sign of life for {self._lost_after:.0f} s"
        self._socket.settimeout(self._lost_after)
        with contextlib.suppress(TimeoutError):
            for message in _messages(self._socket):
                self._heed(message)
            why = "ended without a word: it was killed, or its machine is gone"
        if not self._leaving:
            who = names([0], self._count)
            self._end(LOST, f"{who}, which coordinates, {why}. Start all processes again")

    def _heed(self, message: Message) -> None:
        if "verdict" in message:
            self._end(message["code"], message["verdict"])
        if "go" in message:
            with self._changed:
                self._go[message["go"]] = message["value"]
                self._changed.notify_all()


def _listener(port: int, count: int) -> socket.socket:
    if socket.has_dualstack_ipv6():
        family, both = socket.AF_INET6, True
    else:
        family, both = socket.AF_INET, False
    try:
        return socket.create_server(
            ("", port), family=family, backlog=count + 8, dualstack_ipv6=both
        )
    except OSError as error:
        raise OSError(
            f"process 0 cannot listen on port {port}, one below --coordinator's: {error.strerror}"
            "; name a free port, or end the run that holds it"
        ) from error


def _connect(address: tuple[str, int], index: int, count: int, patience: float) -> socket.socket:
    deadline, last = time.monotonic() + patience, ""
    while time.monotonic() < deadline:
        try:
            return socket.create_connection(address, timeout=5)
        except OSError as error:
            last = str(error)
            time.sleep(_TICK)
    end(
        LOST,
        f"process {index} of {count} found no process 0 at {address[0]}:{address[1]} within "
        f"{patience:.0f} s ({last}). Is process 0 running, and --coordinator its address?",
    )


def _messages(connection: socket.socket) -> Iterator[Message]:
    """Messages until the other end closes."""
    rest = b""
    while True:
        try:
            data = connection.recv(65536)
        except TimeoutError:
            raise
        except OSError:
            return
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        yield from map(json.loads, lines)


def _send(connection: socket.socket, message: Message) -> None:
    with contextlib.suppress(OSError):  # the other end is gone: its own side tells
        connection.sendall(json.dumps(message).encode() + b"\n")
