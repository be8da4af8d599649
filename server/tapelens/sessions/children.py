"""The processes that a debugged program starts: each is a session of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from ..errors import TapelensError
from ..wire.processes import Process

log = logging.getLogger(__name__)


class Child(Protocol):
    """A child's session."""

    async def wait_ended(self) -> None:
        """Until it has ended."""
        ...

    async def close(self) -> None:
        """End it."""
        ...


class Children:
    """Opened as the adapter tells of them: a child waits until somebody attaches to it.

    Args:
        open_child: Attaches to one, by the body of its ``debugpyAttach`` event.
    """

    def __init__(self, open_child: Callable[[Mapping[str, Any]], Awaitable[Child]]) -> None:
        self._open_child = open_child
        self._following: set[asyncio.Task[None]] = set()
        self._open: list[Child] = []
        self._closed = False

    def take(self, body: Mapping[str, Any]) -> None:
        """A child waits."""
        if self._closed:
            return
        task = asyncio.create_task(self._follow(body))
        self._following.add(task)
        task.add_done_callback(self._following.discard)

    async def wait_ended(self) -> None:
        """Until all there are have ended."""
        while self._following:
            await asyncio.wait(set(self._following))

    async def close(self) -> None:
        """End them all; those that begin meanwhile are not attached to."""
        self._closed = True
        await asyncio.gather(*(child.close() for child in self._open), return_exceptions=True)
        for task in self._following:  # still on their way in
            task.cancel()
        await self.wait_ended()

    async def _follow(self, body: Mapping[str, Any]) -> None:
        try:
            child = await self._open_child(body)
        except TapelensError as failed:
            log.warning("a process that the program started is not followed: %s", failed)
            return
        self._open.append(child)
        try:
            await child.wait_ended()
        finally:
            await child.close()  # the adapter stays while a client of its does
            self._open.remove(child)


def child_label(process: Process) -> str:
    """What a process that a program started is called."""
    return f"rank {process.rank}" if process.rank is not None else f"process {process.pid}"
