"""How a run ended: its exit status, and which of the possible ones it was."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

from ..report.json import Run
from ..report.wording import counted, listed
from ..sessions.ends import KILLS
from ..sessions.interface import Breakpoint
from ..store.sessions import SessionInfo
from ..wire.findings import Finding
from .breakpoints import effective_line

OK = 0
FINDINGS = 1
FAILED = 2
KILLED_BY = 128
"""Added to a signal's number, as shells do."""


def faults(findings: Sequence[Finding]) -> list[Finding]:
    """Findings that set the exit status: above information, and not only foreseen."""
    return [each for each in findings if each.severity != "information" and not each.foreseen]


def is_worth_saying(finding: Finding) -> bool:
    """Whether a finding is told to those who did not ask for all."""
    return finding.severity != "information" or finding.rule == "probe-fault"


def unreached(breakpoints: Sequence[Breakpoint], run: Run) -> list[str]:
    """A sentence for each breakpoint where the program never stood."""
    stood = {(Path(stop.path).resolve(), stop.line) for stop in run.stops if stop.path}
    sentences: list[str] = []
    for each in breakpoints:
        if (each.path.resolve(), effective_line(each.path, each.line)) not in stood:
            condition = f" with {each.condition!r} true" if each.condition else ""
            sentences.append(f"The program ended without reaching {each.path.name}:{each.line}{condition}.")
    return sentences


def torch_sentence(info: SessionInfo) -> str | None:
    """Why there was nothing to show, None when there could be."""
    match info.torch:
        case "watching":
            return None
        case "too_old":
            return f"The program's torch {info.torch_version} is too old for tapelens, which needs 2.4 or newer."
        case "switched_off":
            return "The probe is switched off by the program's environment."
        case "not_imported":
            return "The program ended without importing torch: there was nothing to show."
        case None:
            return None if info.problem else "The probe never spoke: nothing is known of the program's tensors."


def told_by_debugger(code: int | None) -> int | None:
    """An exit status as the debugger tells it; negative for a program that a signal killed."""
    return None if code is None else -KILLS[code] if code in KILLS else code


def exit_status(run: Run, *, exit_zero: bool) -> int:
    """The program's own status when it is not 0; else whether anything failed or was found."""
    if run.exit_code:
        return KILLED_BY - run.exit_code if run.exit_code < 0 else run.exit_code
    if run.notes:
        return FAILED
    return FINDINGS if faults(run.findings) and not exit_zero else OK


def ending(run: Run, info: SessionInfo | None, *, exit_zero: bool) -> str | None:
    """Which status it was, when it is not 0 for the plain reason."""
    if run.exit_code:
        own = f"The program {_own_end(run.exit_code)}"
        if info is not None and info.torch == "not_imported":
            return f"{own} before it imported torch: there was nothing to show."
        own = f"{own}, which is the exit status here too"
        return f"{own}; {_counted(found)}." if (found := faults(run.findings)) else f"{own}."
    if found := faults(run.findings):
        meaning = "not counted (--exit-zero)" if exit_zero else f"exit status {FAILED if run.notes else FINDINGS}"
        return f"The program ended well; {_counted(found)}: {meaning}."
    return None


def _counted(found: Sequence[Finding]) -> str:
    by_rule = listed(sorted({each.rule for each in found}), at_most=8)
    return f"{counted(len(found), 'finding')} ({by_rule})"


def _own_end(code: int) -> str:
    if code < 0:
        return f"was killed by {_signal_name(-code)} ({KILLED_BY - code})"
    return f"exited with status {code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time one
        return f"signal {number}"
