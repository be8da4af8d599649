"""Watches a plain program until it ends: signals reach it, its end becomes ours."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from ..errors import SessionError
from ..sessions.plain import PlainSession
from ..store.sessions import Change, FindingArrived, Store, UncaughtArrived
from ..wire.commands import Configuration
from .following import Following
from .outcome import FAILED
from .showing import Showing
from .writing import open_report

TRACEBACK_S = 0.5
"""How long a program may take to print a traceback; one that ends is waited for anyhow."""

PASSED_ON = ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
FROM_THE_KEYBOARD = {"SIGINT", "SIGQUIT"}
"""A terminal sends them to every process in front, the program's among them."""


def watch(following: Following, words: Sequence[str], *, python: Path | None, configuration: Configuration) -> int:
    """Run to the end and report; the exit status, unless a signal killed the program: then it kills us, too.

    Raises:
        UsageError: The report's file cannot be written, or this system has no such runs.
    """
    with open_report(following.output) as report_file:
        showing = Showing(following, report_file, on_pipe_closed=_read_by_nobody)
        status = asyncio.run(_watch(showing, following, words, python, configuration))
    if status != FAILED and showing.run.exit_code is not None and showing.run.exit_code < 0:
        _die_by(-showing.run.exit_code)
    return status


async def _watch(
    showing: Showing, following: Following, words: Sequence[str], python: Path | None, configuration: Configuration
) -> int:
    store = Store(judge=following.judge)
    after_traceback = _AfterTraceback(showing.take)
    store.subscribe(after_traceback.take)
    stdout: IO[str] | None = sys.stderr if following.format != "text" else None
    session: PlainSession | None = None
    early: list[int] = []

    def pass_on(number: int) -> None:
        if session is None:
            early.append(number)
        else:
            session.pass_on(number)

    with _signals(pass_on):
        try:
            session = await PlainSession.launch(
                words, store, label=following.label, python=python, configuration=configuration, stdout=stdout
            )
        except SessionError as failed:
            showing.note(str(failed))
            return showing.conclude(None, store)
        for number in early:
            pass_on(number)
        try:
            await asyncio.wait_for(session.wait_ended(), following.timeout_s)
        except asyncio.TimeoutError:
            await session.stop()
            after_traceback.release()
            showing.note(f"The program did not end within {following.timeout_s:g} s and was stopped.")
            showing.write_object()
            return FAILED
        after_traceback.release()
        return showing.conclude(store.session(session.id), store)


class _AfterTraceback:
    """Holds findings of an exception back until Python has printed its traceback on the same terminal."""

    def __init__(self, show: Callable[[Change], None]) -> None:
        self._show = show
        self._held: list[Change] | None = None

    def take(self, change: Change) -> None:
        """Show it, now or then."""
        if isinstance(change, UncaughtArrived) and self._held is None:
            self._held = []
            asyncio.get_running_loop().call_later(TRACEBACK_S, self.release)
        if self._held is not None and isinstance(change, FindingArrived):
            self._held.append(change)
        else:
            self._show(change)

    def release(self) -> None:
        """It is printed, or the program has ended."""
        held, self._held = self._held or [], None
        for change in held:
            self._show(change)


@contextmanager
def _signals(pass_on: Callable[[int], None]) -> Generator[None]:
    """Hand on what is sent to us; what we were started to ignore the program ignores as well."""
    loop = asyncio.get_running_loop()

    def take(name: str, number: int) -> None:
        if name not in FROM_THE_KEYBOARD or not _is_in_front():
            pass_on(number)

    with ExitStack() as handlers:
        for name in PASSED_ON:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, take, name, number)
                handlers.callback(loop.remove_signal_handler, number)
        yield


def _is_in_front() -> bool:
    """Whether keys of a terminal reach us, and with us the program."""
    try:
        terminal = os.open(os.ctermid(), os.O_RDONLY | os.O_NOCTTY)
    except OSError:  # there is none
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _die_by(number: int) -> None:
    """As the program died: who waits for us sees what it would have seen. Returns where the signal does not kill."""
    sys.stdout.flush()
    sys.stderr.flush()
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 (not on every system)

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with contextlib.suppress(OSError, ValueError):  # SIGKILL has no handler
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _read_by_nobody() -> None:
    """Who reads our report has gone; the program goes on."""
