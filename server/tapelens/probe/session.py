"""The probe's one object: what it knows, what it taps, whom it tells."""

from __future__ import annotations

import dataclasses
import os
import re
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType, ModuleType
from typing import Protocol

from ..events import BackwardBegan, BackwardForeseen, Event, ProgramEnded, StepEnded, Uncaught
from ..rules.catalogue import RULES, runtime_twins
from ..wire import VERSION, processes
from ..wire.commands import Arm, Capture, Command, Configuration, Detach, PauseOn, Preview, Tape
from ..wire.envelope import ProbeMessage
from ..wire.findings import Finding
from ..wire.processes import Goodbye, Hello, ProbeFault, TorchState
from ..wire.sites import Site
from ..wire.snapshot import Snapshot
from .blame.lost import lost_by
from .capture.frame import BOUNDS, PATIENT, Bounds, capture_frame
from .capture.preview import preview_backward
from .capture.tape import tape_page
from .collector import Collector
from .entry.torch_import import TorchImport
from .guard import guard, text_of
from .outbox import Outbox
from .sites import raised_site, site_of
from .taps import Taps
from .taps.exceptions import leave_out_ours
from .timeline import Origin, Timeline
from .tracebacks import Known, explain
from .uncompiled import keep_from_compile
from .weaving import module_calls

OLDEST_TORCH = (2, 4)
SWITCH = "TAPELENS_DISABLE"
"""Environment variable: set to anything but ``0`` and the probe does nothing."""


class Pause(Protocol):
    """Stops the program in a frame; returns when it goes on."""

    def __call__(self, frame: FrameType, *, reason: str, text: str) -> None:
        """Stop now."""
        ...


class ProbeSession:
    """Taps, rules and capture of one process, and the outbox that carries what they say.

    Attributes:
        timeline: Where nodes were made.
    """

    def __init__(
        self, configuration: Configuration, outbox: Outbox, *, pause: Pause, stop: Callable[[], int], missing: list[str]
    ) -> None:
        self._configuration = configuration
        self._outbox = outbox
        self._pause = pause
        self._stop = stop
        self._missing = missing
        self._state: TorchState = "switched_off" if is_switched_off() else "not_imported"
        self._torch: ModuleType | None = None
        self._armed = configuration.armed
        self._pause_on = frozenset(configuration.pause_on)
        self._said: Uncaught | None = None
        self._own_ns = 0
        self._steps = 0
        self._counted: tuple[int, int] | None = None
        self._is_over = False
        self._torch_import = TorchImport(guard("torch's import", self.tell_fault)(self._on_torch))
        self._collector = Collector(
            runtime_twins(tuple(rule for rule in RULES if self._speaks(rule.slug)), configuration.thresholds),
            on_finding=self._on_finding,
            stop=stop,
            report_fault=self.tell_fault,
        )
        self._calls = module_calls()
        self.timeline = Timeline(configuration.lines, self.tell_fault, calls=self._calls)
        self._taps = Taps(
            self._on_event,
            report_fault=self.tell_fault,
            on_gradients=outbox.send,
            origins=self._origins,
            calls=self._calls,
        )

    # -- life ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to watch; a torch that is imported later is met then."""
        self._torch_import.watch()

    def meet(self, torch: ModuleType) -> None:
        """Begin to watch on the thread that has just imported torch, whole."""
        guard("torch's import", self.tell_fault)(self._on_torch)(torch)

    def configure(self, configuration: Configuration) -> None:
        """A second bootstrap: another front end's wishes for a probe that is in already."""
        self._armed = configuration.armed
        self._pause_on = frozenset(configuration.pause_on)
        if configuration.lines != self._configuration.lines:
            self._configuration = dataclasses.replace(self._configuration, lines=configuration.lines)
            self.timeline.remove()
            self.timeline = Timeline(configuration.lines, self.tell_fault, calls=self._calls)
            if self._state == "watching":
                self.timeline.install()

    def hello(self) -> Hello:
        """What there is to know of this process."""
        torch = self._torch
        return Hello(
            kind="hello",
            wire=VERSION,
            python=sys.version.split()[0],
            torch=None if torch is None else str(torch.__version__),
            state=self._state,
            cwd=_cwd(),
            missing=(*self._missing, *self.timeline.missing),
        )

    def conclude(self, error: BaseException | None) -> None:
        """The program ends here, though not its process; ``error`` is what ended it."""
        if self._state == "watching":
            guard("end of program", self.tell_fault)(self._conclude)(error)

    def _conclude(self, error: BaseException | None) -> None:
        if error is not None:
            leave_out_ours(error)
            site = raised_site(error.__traceback__)
            call = self._taps.call_of(error)
            self._on_event(Uncaught(call=call, type_name=type(error).__name__, message=text_of(error), site=site))
        self._on_event(ProgramEnded(raised=error is not None))

    def detach(self) -> Goodbye:
        """Take every tap out."""
        self._torch_import.remove()
        self._take_out()
        self._state = "switched_off"
        self._armed = False
        return self.goodbye()

    def goodbye(self) -> Goodbye:
        """The last word."""
        return Goodbye(kind="goodbye", probe_us=self._own_ns // 1000)

    def _on_torch(self, torch: ModuleType) -> None:
        self._torch = torch
        if version_of(torch) < OLDEST_TORCH:
            self._state = "too_old"
        else:
            self._state = "watching"
            keep_from_compile()
            self._taps.install()
            self.timeline.install()
        self._outbox.send(self.hello())

    def stand_still(self) -> Callable[[], None]:
        """A thread stops in the debugger; call what is returned when it goes on."""
        return self.timeline.stand_still()

    # -- stops -----------------------------------------------------------------------------------------

    def on_stop(
        self,
        frame: FrameType,
        *,
        thread: int,
        uncaught: tuple[type[BaseException], BaseException] | None,
    ) -> None:
        """The program stands still: capture and send, when armed."""
        if self._state != "watching":
            return
        watched = guard("stop", self.tell_fault)  # a fresh one: a fault at this stop says nothing of the next
        if uncaught is not None and issubclass(uncaught[0], Exception):  # leaving by sys.exit(3) is no fault
            watched(self._say_uncaught)(frame, *uncaught)
        if self._armed:
            watched(self._show)(frame, thread)

    def _show(self, frame: FrameType, thread: int) -> None:
        snapshot = self.capture(frame, thread=thread, depth=0)
        if snapshot is not None:
            self._outbox.send(snapshot)
            self._foresee(snapshot, frame)

    def capture(self, frame: FrameType, *, thread: int, depth: int, bounds: Bounds = BOUNDS) -> Snapshot | None:
        """One frame as a snapshot; None after a fault of ours, which is told."""
        begun = time.perf_counter_ns()
        try:
            take = guard("capture", self.tell_fault)(capture_frame)
            snapshot = take(
                frame,
                stop=self._stop(),
                thread=thread,
                depth=depth,
                site=site_of(frame),
                freed_by=self._taps.freed_by,
                origins=self.timeline.origins,
                lines=self.timeline.state,
                steps=self._taps.clock.boundaries(),
                note_hooked=self._taps.watch.note_hooked,
                bounds=bounds,
            )
            if snapshot is not None:
                self._taps.watch.arm(snapshot.stop)
            return snapshot
        finally:
            self._own_ns += time.perf_counter_ns() - begun

    def _origins(self, sequences: Iterable[int]) -> list[Origin]:
        return self.timeline.origins(sequences)

    def _foresee(self, snapshot: Snapshot, frame: FrameType) -> None:
        backward = snapshot.backward
        if backward.will_raise is None or backward.chosen_by != "line":
            return
        blame = guard("backward foreseen", self.tell_fault)(self._taps.blaming.foresee)
        cut, change = blame(backward.will_raise.reason, backward.expression, frame) or (None, None)
        self._collector.emit(
            BackwardForeseen(
                site=snapshot.site,
                expression=backward.expression,
                reason=backward.will_raise.reason,
                freed_by=backward.will_raise.freed_by,
                message=backward.will_raise.message,
                cut=cut,
                change=change,
            )
        )

    def _say_uncaught(self, frame: FrameType, kind: type[BaseException], value: BaseException) -> None:
        event = Uncaught(
            call=self._taps.call_of(value),
            type_name=kind.__name__,
            message=text_of(value),
            site=site_of(frame),
            lost=lost_by(value),
        )
        self._on_event(event)

    # -- what taps and rules say --------------------------------------------------------------------------

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Uncaught):
            said, self._said = self._said, event
            if said is not None and (said.type_name, said.message) == (event.type_name, event.message):
                return  # the debugger stopped there before the exception hook ran
            self._outbox.send(
                processes.Uncaught(
                    kind="uncaught",
                    type_name=event.type_name,
                    message=event.message,
                    site=event.site,
                    stop=self._stop(),
                )
            )
        if self._is_over:
            if isinstance(event, BackwardBegan):
                self._take_out()
            return
        self._collector.emit(event)
        if self._configuration.steps and isinstance(event, StepEnded):
            self._count(event)

    def _count(self, step: StepEnded) -> None:
        """Judge by what was seen once the steps wanted are done.

        NOTE [taps go out in a backward]: here PyTorch is calling the hooks on its list, and must not lose one.
        """
        of = step.optimizer, step.ordinal  # of a step and the super().step() in it, the same
        if of != self._counted:
            self._counted = of
            self._steps += 1
        if self._steps == self._configuration.steps:
            self._collector.emit(ProgramEnded(raised=False))
            self._is_over = True

    def _take_out(self) -> None:
        self._taps.remove()
        self.timeline.remove()

    def _on_finding(self, finding: Finding) -> None:
        self._outbox.send(finding)
        wanted = finding.rule in self._pause_on or ("all" in self._pause_on and finding.severity != "information")
        if wanted and finding.count == 1 and not finding.foreseen:  # a repeat only raises the count
            frame = frame_at(finding.site)
            if frame is not None:
                self._pause(frame, reason=finding.rule, text=finding.message)

    def tell_fault(self, where: str, message: str) -> None:
        """A fault of ours, as a message."""
        self._outbox.send(ProbeFault(kind="probe_fault", where=where, message=message))

    def _speaks(self, slug: str) -> bool:
        select, ignore = self._configuration.select, self._configuration.ignore
        return slug not in ignore and (not select or slug in select)

    def explain(self, error: BaseException) -> str | None:
        """What there is to say below an exception's traceback."""
        if self._state != "watching":
            return None
        known = Known(
            origins=self._origins, lines=self.timeline.state, ran_by=self._taps.ran_by, call_of=self._taps.call_of
        )
        return guard("explanation of an exception", self.tell_fault)(explain)(error, known)

    # -- commands ----------------------------------------------------------------------------------------

    def obey(self, command: Command, frame: FrameType | None) -> list[ProbeMessage]:
        """Carry out a command of the server's; what is returned is its answer."""
        match command:
            case Arm():
                self._armed = command.on
                return [self.hello()]
            case PauseOn():
                self._pause_on = frozenset(command.rules)
                return [self.hello()]
            case Capture() | Tape() | Preview():
                return self._read(command, frame)
            case Detach():
                return [self.detach()]

    def _read(self, command: Capture | Tape | Preview, frame: FrameType | None) -> list[ProbeMessage]:
        """What is asked of a paused frame."""
        if frame is None or self._state != "watching":
            return [self.hello()]
        told: ProbeMessage | None = None
        match command:
            case Capture():
                told = self.capture(frame, thread=command.thread, depth=command.depth, bounds=PATIENT)
            case Tape():
                turn = guard("tape", self.tell_fault)(tape_page)
                stop, origins = self._stop(), self.timeline.origins
                told = turn(frame, stop=stop, first=command.first, count=command.count, origins=origins)
            case Preview():
                take = guard("preview", self.tell_fault)(preview_backward)
                told = take(frame, stop=self._stop(), expression=command.expression, freed_by=self._taps.freed_by)
        return [] if told is None else [told]


def is_switched_off() -> bool:
    """The user said so in the environment."""
    return os.environ.get(SWITCH, "0") not in {"", "0"}


def _cwd() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # the program has removed it
        return ""


def version_of(torch: ModuleType) -> tuple[int, int]:
    """Major and minor version."""
    found = re.match(r"(\d+)\.(\d+)", str(getattr(torch, "__version__", "0.0")))
    return (int(found[1]), int(found[2])) if found else (0, 0)


def frame_at(site: Site) -> FrameType | None:
    """The innermost running frame of this thread that stands at a site."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_lineno == site.line and os.path.abspath(frame.f_code.co_filename) == site.path:  # noqa: PTH100
            return frame
        frame = frame.f_back
    return None
