"""debugpy's adapter as a process of ours, and what it may leave behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from importlib.util import find_spec

from ..errors import UsageError

REAP_DEADLINE_S = 3.0
REAP_LOOK_S = 0.01


async def start_adapter(environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    """An adapter that speaks DAP on its standard streams, with these variables beside our own.

    Raises:
        UsageError: debugpy is not installed here.
    """
    if find_spec("debugpy") is None:
        raise UsageError(f"debugpy is not installed beside tapelens: run `{sys.executable} -m pip install debugpy`.")
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "debugpy.adapter",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        limit=2**20,
        env=os.environ | dict(environment),
    )


async def reap_adapter(adapter: asyncio.subprocess.Process) -> None:
    """See it end, politely and then by force, and with it what it started."""
    try:
        await asyncio.wait_for(adapter.wait(), REAP_DEADLINE_S)
    except asyncio.TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            adapter.kill()
        await adapter.wait()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(adapter.pid, signal.SIGKILL)


async def end_foreign_child(pid: int) -> None:
    """Kill a process that is the debugger's child and not ours, and see it gone; it cannot be waited for."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)
        for _ in range(int(REAP_DEADLINE_S / REAP_LOOK_S)):
            await asyncio.sleep(REAP_LOOK_S)
            os.kill(pid, 0)
