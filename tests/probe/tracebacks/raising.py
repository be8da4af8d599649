"""Runs a program that raises, in a forked child, and tells what stands below its traceback."""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import sys
import threading
import traceback
import warnings
from pathlib import Path

import torch

from tapelens.probe.outbox import Outbox
from tapelens.probe.session import ProbeSession
from tapelens.probe.tracebacks import ExplainingHook
from tapelens.wire.commands import Configuration, Lines


class _Writer:
    def send_event(self, body: dict[str, object]) -> bool:
        if "probe_fault" in str(body["data"]):
            sys.stderr.write(f"FAULT {body['data']}\n")
        return True

    def waiting(self) -> int:
        return 0


def below_the_traceback(program: Path, *, lines: Lines = "every_line") -> tuple[str, str]:
    """What Python itself prints, and what stands below it."""
    import torch._dynamo  # noqa: F401  # pyright: ignore[reportUnusedImport]

    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a parent with threads forks
        child = os.fork()
    if child == 0:
        try:
            os.write(writing, _play(program, lines).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        text = stream.read()
    os.waitpid(child, 0)
    own, mark, below = text.partition("tapelens: ")
    return own, mark + below


def _play(program: Path, lines: Lines) -> str:
    torch.set_num_threads(1)
    sys.excepthook, threading.excepthook = sys.__excepthook__, threading.__excepthook__
    session = ProbeSession(
        Configuration(
            kind="configuration",
            armed=False,
            pause_on=(),
            select=(),
            ignore=(),
            lines=lines,
            steps=0,
            cards=False,
            thresholds=(),
        ),
        Outbox(_Writer()),
        pause=lambda *_, **__: None,
        stop=lambda: 0,
        missing=[],
    )
    session.meet(torch)
    hook = ExplainingHook(session.explain)
    hook.install()
    with contextlib.redirect_stderr(io.StringIO()) as printed, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            runpy.run_path(str(program), run_name="__main__")
        except BaseException as error:  # noqa: BLE001 (what the program does is the answer)
            printed.seek(0)
            printed.truncate()
            sys.excepthook(type(error), error, error.__traceback__)
            expected = "".join(traceback.format_exception(error))
            if not printed.getvalue().startswith(expected):
                printed.write(f"NOT PYTHON'S OWN {expected}")
    return printed.getvalue()
