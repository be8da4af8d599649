"""What is known of each debug session, and who wants to hear of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ..wire.asked import Previewed, TapePage
from ..wire.envelope import Batch
from ..wire.findings import Finding
from ..wire.gradients import Gradients
from ..wire.panel import SessionState
from ..wire.processes import Dropped, Goodbye, Hello, ProbeFault, Process, TorchState, Uncaught
from ..wire.snapshot import Snapshot

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class SessionInfo:
    """A session as it stands now.

    Attributes:
        session: Its id, made by whoever opened it.
        controls: Whether this server can continue, step, pause and stop it.
        problem: One sentence when something went wrong, else None.
        exit_code: The debuggee's exit status once it has ended and told.
        stop_reason: DAP's reason of the present stop, or a rule's slug; empty while running.
    """

    session: str
    label: str
    state: SessionState = "starting"
    torch: TorchState | None = None
    torch_version: str | None = None
    process: Process | None = None
    parent: str | None = None
    controls: bool = False
    problem: str | None = None
    exit_code: int | None = None
    stop_reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One snapshot and why the program stood there."""

    session: str
    snapshot: Snapshot
    reason: str


@dataclass(frozen=True, kw_only=True)
class SessionChanged:
    """A session's state is another one."""

    info: SessionInfo


@dataclass(frozen=True, kw_only=True)
class StopArrived:
    """A snapshot came in."""

    stop: Stop


@dataclass(frozen=True, kw_only=True)
class StopSettled:
    """The program stands still, and all that will come of this stop by itself has come.

    Told once a stop, after ``SessionChanged`` and any ``StopArrived``.

    Attributes:
        reason: DAP's reason of the stop (``breakpoint``, ``step``, ``exception``, ``pause``) or a rule's slug.
        text: What the debugger says beside it: the exception's type, a finding's message; else empty.
        path: File of the innermost frame that the debugger shows, None when it could not be had.
        line: From 1; 0 when it could not be had.
        snapshot: None when there is nothing to show (no torch, a probe that is switched off).
    """

    session: str
    reason: str
    text: str
    thread: int
    path: str | None
    line: int
    function: str
    snapshot: Snapshot | None


@dataclass(frozen=True, kw_only=True)
class GradientsArrived:
    """A backward's gradients came in."""

    session: str
    gradients: Gradients


@dataclass(frozen=True, kw_only=True)
class FindingArrived:
    """A rule spoke; one for the same rule and site replaces the earlier."""

    session: str
    finding: Finding


@dataclass(frozen=True, kw_only=True)
class UncaughtArrived:
    """An exception that nobody catches."""

    session: str
    uncaught: Uncaught


Change = SessionChanged | StopArrived | StopSettled | GradientsArrived | FindingArrived | UncaughtArrived
Listener = Callable[[Change], None]
Judge = Callable[[Finding], "Finding | None"]
"""Gives a finding as it is to be shown, None for one that is silenced."""


def shown_as_it_is(finding: Finding) -> Finding:
    """The judge of a store that nobody gave one."""
    return finding


STOPS_KEPT = 200
"""Stops kept a session; older ones make room."""


@dataclass
class _Record:
    info: SessionInfo
    stops: list[Stop] = field(default_factory=list[Stop])
    gradients: list[Gradients] = field(default_factory=list[Gradients])
    findings: dict[tuple[str, str, int, bool], Finding] = field(
        default_factory=dict[tuple[str, str, int, bool], Finding]
    )
    uncaught: list[Uncaught] = field(default_factory=list[Uncaught])
    faults: list[ProbeFault] = field(default_factory=list[ProbeFault])


class Store:
    """All sessions of this server. Single-threaded: everything is called on one event loop.

    Args:
        judge: Asked for each finding as it comes, before anyone hears of it.
    """

    def __init__(self, judge: Judge = shown_as_it_is) -> None:
        self._judge = judge
        self._records: dict[str, _Record] = {}
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Hear of every change from now on; call what is returned to hear no more."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def open(self, info: SessionInfo) -> None:
        """A new session; an ended one of the same id is forgotten."""
        self._records[info.session] = _Record(info)
        self._tell(SessionChanged(info=info))

    def update(self, session: str, **changes: object) -> None:
        """Change fields of a session's ``SessionInfo``; silent when nothing is another value."""
        record = self._records[session]
        info = replace(record.info, **changes)  # pyright: ignore[reportArgumentType]
        if info != record.info:
            record.info = info
            self._tell(SessionChanged(info=info))

    def take(self, session: str, batch: Batch) -> None:
        """File what the probe sent."""
        record = self._records[session]
        self.update(session, process=batch.process)
        for message in batch.messages:
            match message:
                case Hello():
                    self.update(session, torch=message.state, torch_version=message.torch)
                case Snapshot():
                    self._take_stop(record, message)
                case Gradients():
                    record.gradients.append(message)
                    del record.gradients[:-STOPS_KEPT]
                    self._tell(GradientsArrived(session=session, gradients=message))
                case Finding():
                    self._take_finding(record, message)
                case Uncaught():
                    record.uncaught.append(message)
                    self._tell(UncaughtArrived(session=session, uncaught=message))
                case ProbeFault():
                    record.faults.append(message)
                    log.warning("the probe's %s went quiet: %s", message.where, message.message)
                case TapePage() | Previewed():
                    pass  # answers, which go to who asked
                case Dropped() | Goodbye():
                    _log_numbers(message)

    def _take_finding(self, record: _Record, told: Finding) -> None:
        finding = self._judge(told)
        if finding is not None:
            key = (finding.rule, finding.site.path, finding.site.line, finding.foreseen)
            record.findings[key] = finding
            self._tell(FindingArrived(session=record.info.session, finding=finding))

    def _take_stop(self, record: _Record, snapshot: Snapshot) -> None:
        stop = Stop(session=record.info.session, snapshot=snapshot, reason=record.info.stop_reason)
        key = (snapshot.stop, snapshot.thread, snapshot.depth)
        for index, earlier in enumerate(record.stops):
            if (earlier.snapshot.stop, earlier.snapshot.thread, earlier.snapshot.depth) == key:
                record.stops[index] = stop
                break
        else:
            record.stops.append(stop)
            del record.stops[:-STOPS_KEPT]
        self._tell(StopArrived(stop=stop))

    def settle(self, stop: StopSettled) -> None:
        """Tell everyone that a stop is complete."""
        self._tell(stop)

    def sessions(self) -> Sequence[SessionInfo]:
        """All sessions, oldest first."""
        return [record.info for record in self._records.values()]

    def session(self, session: str) -> SessionInfo | None:
        """One session, None for an unknown id."""
        record = self._records.get(session)
        return record.info if record else None

    def stops(self, session: str) -> Sequence[Stop]:
        """A session's stops, oldest first."""
        record = self._records.get(session)
        return tuple(record.stops) if record else ()

    def gradients(self, session: str) -> Sequence[Gradients]:
        """What flowed in a session's backwards, oldest first."""
        record = self._records.get(session)
        return tuple(record.gradients) if record else ()

    def findings(self, session: str) -> Sequence[Finding]:
        """A session's findings, in the order of their first occurrence."""
        record = self._records.get(session)
        return tuple(record.findings.values()) if record else ()

    def uncaught(self, session: str) -> Sequence[Uncaught]:
        """Exceptions that nobody caught."""
        record = self._records.get(session)
        return tuple(record.uncaught) if record else ()

    def faults(self, session: str) -> Sequence[ProbeFault]:
        """Faults of the probe's own."""
        record = self._records.get(session)
        return tuple(record.faults) if record else ()

    def _tell(self, change: Change) -> None:
        for listener in tuple(self._listeners):
            listener(change)


def _log_numbers(message: Dropped | Goodbye) -> None:
    if isinstance(message, Dropped):
        log.warning("%s messages of the probe's were dropped: they came too fast", message.count)
    else:
        log.debug("the probe took %s µs of the program's time", message.probe_us)
