"""Something under way, shown by a client that can; the work does not wait for the client."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from .language_server import TapelensServer

log = logging.getLogger(__name__)

DEADLINE_S = 2.0
"""A client that does not answer to a progress token goes without."""


@asynccontextmanager
async def under_way(ls: TapelensServer, title: str) -> AsyncGenerator[Progress]:
    """Shown until it is left."""
    progress = Progress(ls, title)
    ls.run_aside(progress.show())
    try:
        yield progress
    finally:
        progress.end()


class Progress:
    """One such thing, and how far it is."""

    def __init__(self, ls: TapelensServer, title: str) -> None:
        self._ls = ls
        self._title = title
        self._token = f"tapelens-{uuid.uuid4().hex[:8]}"
        self._done = asyncio.Event()
        self._is_begun = False

    def end(self) -> None:
        """It is done."""
        self._done.set()

    def report(self, message: str, *, percentage: int) -> None:
        """Say how far it is, to a client that listens."""
        if self._is_begun:
            told = types.WorkDoneProgressReport(message=message, percentage=percentage)
            self._ls.work_done_progress.report(self._token, told)

    async def show(self) -> None:
        """Have the client show it until it is done."""
        window = self._ls.client_capabilities.window
        if window is None or not window.work_done_progress:
            return
        progress = self._ls.work_done_progress
        creating = cast("Awaitable[Any]", progress.create_async(self._token))  # pyright: ignore[reportUnknownMemberType]
        try:
            await asyncio.wait_for(creating, DEADLINE_S)
        except (JsonRpcException, asyncio.TimeoutError) as refused:
            log.info("the client takes no progress: %s", refused)
            return
        progress.begin(self._token, types.WorkDoneProgressBegin(title=self._title, cancellable=False))
        self._is_begun = True
        await self._done.wait()
        self._is_begun = False
        progress.end(self._token, types.WorkDoneProgressEnd())
