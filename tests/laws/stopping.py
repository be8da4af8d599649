"""A tracer that stops a program at each of its lines, as a debugger does."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from laws.corpus import HOME

_HOME = str(HOME)


@contextmanager
def stopped_at_each_line(on_line: Callable[[FrameType], None]) -> Generator[None]:
    """``on_line`` is called on the program's thread, in every thread, before the line runs."""

    def local(frame: FrameType, event: str, _: object) -> Any:
        if event == "line":
            on_line(frame)
        return local

    def entry(frame: FrameType, _event: str, _: object) -> Any:
        return local if frame.f_code.co_filename.startswith(_HOME) else None

    threading.settrace(entry)
    sys.settrace(entry)
    try:
        yield
    finally:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]


def look(frame: FrameType) -> None:
    """What a debugger alone does at a stop: read the frame's variables."""
    len(frame.f_locals)
