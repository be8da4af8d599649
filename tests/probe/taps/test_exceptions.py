"""Exceptions that nobody catches: told, and printed as without us."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
import torch

from tapelens.events import BackwardRaised, ProgramEnded, Uncaught
from tapelens.probe.taps.exit import ExitTap

PROGRAM = """
import sys
import torch
if sys.argv[1] == "tapped":
    from tapelens.probe.taps import Taps
    events = []
    Taps(events.append, report_fault=print).install()
x = torch.ones(3, requires_grad=True)
y = (x * x).sum()
y.backward()
if sys.argv[2] == "raises":
    y.backward()
"""


def run(tmp_path, *arguments):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    return subprocess.run(
        [sys.executable, str(program), *arguments], capture_output=True, text=True, timeout=120, check=False
    )


def test_what_the_user_reads_is_what_they_read_without_us(tmp_path):
    alone, tapped = run(tmp_path, "alone", "raises"), run(tmp_path, "tapped", "raises")
    assert "a second time" in alone.stderr
    assert (tapped.returncode, tapped.stdout, tapped.stderr) == (alone.returncode, alone.stdout, alone.stderr)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_exception_of_a_thread_is_told_with_its_backward(seen):
    y = torch.ones(3, requires_grad=True).square().sum()
    y.backward()

    def work():
        y.backward()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(20)
    (raised,), (uncaught,) = seen.of(BackwardRaised), seen.of(Uncaught)
    assert uncaught.call == raised.call
    assert (uncaught.type_name, uncaught.site.path) == ("RuntimeError", __file__)


def test_the_previous_hook_is_called_with_what_came(monkeypatch, seen):
    seen.taps.remove()
    called = []
    monkeypatch.setattr(sys, "excepthook", lambda *args: called.append(args))
    seen.taps.install()
    with pytest.raises(ValueError, match="invalid literal") as caught:
        int("three")
    given = (caught.type, caught.value, caught.tb)
    sys.excepthook(*given)
    assert called == [given]
    (uncaught,) = seen.of(Uncaught)
    assert (uncaught.call, uncaught.message) == (None, str(caught.value))


def test_the_end_of_the_program_is_told(seen):
    (ends,) = (tap for tap in seen.taps._taps if isinstance(tap, ExitTap))
    ends._at_exit()
    assert seen.of(ProgramEnded) == [ProgramEnded(raised=False)]
