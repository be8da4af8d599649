"""Where a report goes, and what happens when nobody reads it any more."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import IO

from ..errors import UsageError


@contextlib.contextmanager
def open_report(output: Path | None) -> Generator[IO[str] | None]:
    """The report's own file; None where it goes to the standard streams.

    Raises:
        UsageError: It cannot be written.
    """
    if output is None:
        yield None
        return
    try:
        file = output.open("w", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--output {output} cannot be written: {error.strerror}.") from error
    with file:
        yield file


class ClosedPipe(contextlib.AbstractContextManager[None]):
    """Takes a ``BrokenPipeError``: nobody reads the stream any more."""

    def __init__(self, stream: IO[str], on_closed: Callable[[], None]) -> None:
        self._stream = stream
        self._on_closed = on_closed

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> bool:
        if not isinstance(error, BrokenPipeError):
            return False
        with contextlib.suppress(OSError, ValueError), Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), self._stream.fileno())  # else the interpreter fails as it flushes at exit
        self._on_closed()
        return True
