"""Commands of a test that failed do not outlive it, and hear Ctrl-C however the tests were started."""

from __future__ import annotations

import signal
from collections.abc import Generator

import pytest

from cli.commands import Command


@pytest.fixture(autouse=True)
def every_command_ended() -> Generator[None]:  # pyright: ignore[reportUnusedFunction]
    yield
    while Command.begun:
        Command.begun.pop().close()


@pytest.fixture(autouse=True, scope="session")
def interrupts_are_heard() -> None:  # pyright: ignore[reportUnusedFunction]
    # A shell without job control starts what runs in the background with SIGINT ignored, and children inherit that.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
