"""Commands of a test that failed do not outlive it."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from cli.commands import Command


@pytest.fixture(autouse=True)
def every_command_ended() -> Generator[None]:  # pyright: ignore[reportUnusedFunction]
    yield
    while Command.begun:
        Command.begun.pop().close()
