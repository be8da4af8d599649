"""The way in under debugpy: the bootstrap calls ``enter``, later commands ``command``.

Both answer with JSON: ``{"ok": "<Batch as JSON>"}`` or ``{"err": text}``.
"""

from __future__ import annotations

import atexit
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import FunctionType

from ...wire.commands import Arm, Capture, Command, Configuration, Detach, PauseOn, Preview, Tape
from ...wire.encode import to_json
from ...wire.envelope import ProbeMessage
from ...wire.processes import Goodbye
from ..guard import describe
from ..outbox import Outbox, batch
from ..pydevd.debugger import Debugger, Suspension, current_debugger
from ..session import ProbeSession, is_switched_off
from .configured import configuration_of, read


class _Entered:
    """The probe of this process, from a bootstrap until it is detached."""

    def __init__(self, debugger: Debugger, configuration: Configuration) -> None:
        self.debugger = debugger
        self.pid = os.getpid()
        self.outbox = Outbox(debugger)
        self.session = ProbeSession(
            configuration,
            self.outbox,
            pause=debugger.pause,
            stop=lambda: debugger.stops,
            missing=debugger.missing,
        )
        if is_switched_off():  # not even the debugger is touched
            return
        debugger.answer_without_delay()
        debugger.look_for_events()
        debugger.hide_files_below(_home(enter))
        debugger.watch_suspensions(self._on_suspended, stand_still=self.session.stand_still)
        debugger.watch_end(leave)
        debugger.look_for_pausing()
        debugger.show_cards(on=configuration.cards, report=self.session.tell_fault)
        self.session.start()
        atexit.register(self._at_exit)
        _watch_forks()

    def configure(self, configuration: Configuration) -> None:
        """Another front end's wishes."""
        self.session.configure(configuration)
        if not is_switched_off():
            self.debugger.show_cards(on=configuration.cards, report=self.session.tell_fault)

    def _on_suspended(self, suspension: Suspension) -> None:
        uncaught = suspension.uncaught
        self.session.on_stop(
            suspension.frame,
            thread=suspension.thread,
            uncaught=None if uncaught is None else (uncaught[0], uncaught[1]),
        )

    def remove(self) -> Goodbye:
        """Take out all that was put in."""
        atexit.unregister(self._at_exit)
        goodbye = self.session.detach()
        self.debugger.remove()
        return goodbye

    def _at_exit(self) -> None:
        if os.getpid() == self.pid:
            self.outbox.send(self.session.goodbye())
            self.outbox.flush()


_entered: list[_Entered] = []  # at most one: the probe of this process
_watched_forks: list[bool] = []


def leave() -> None:
    """Take the probe out, if it is in; the next bootstrap puts in another."""
    if _entered:
        _entered.pop().remove()


def _watch_forks() -> None:
    # NOTE [fork handlers stay]: Python cannot take one out again. This one does nothing without a probe.
    if not _watched_forks:
        _watched_forks.append(True)
        os.register_at_fork(after_in_child=_in_child)


def _in_child() -> None:
    """A fork is another program: its debugger, if any, brings a probe of its own."""
    if _entered:
        try:
            _entered[0].outbox.fall_silent()
            leave()
        except Exception:
            _entered.clear()


def enter(configuration: str) -> str:
    """Put the probe in, or configure the one that is in.

    Args:
        configuration: ``wire.commands.Configuration`` as JSON.
    """

    def answer() -> list[ProbeMessage]:
        wanted = configuration_of(json.loads(configuration))
        debugger = current_debugger()
        if debugger is None:
            raise RuntimeError("no debugger runs this process")
        if _entered and not _entered[0].debugger.is_same(debugger):
            leave()  # another debugger has taken the process over
        if _entered:
            _entered[0].configure(wanted)
        else:
            _entered.append(_Entered(debugger, wanted))
        return [*_entered[0].outbox.collect(), _entered[0].session.hello()]

    return _answer(answer)


def command(text: str) -> str:
    """Carry out a command.

    Args:
        text: One of ``wire.commands.Command`` as JSON.
    """

    def answer() -> list[ProbeMessage]:
        value = json.loads(text)
        kinds: dict[str, type[Command]] = {
            "arm": Arm,
            "capture": Capture,
            "pause_on": PauseOn,
            "tape": Tape,
            "preview": Preview,
            "detach": Detach,
        }
        if not _entered:
            raise RuntimeError("the probe was taken out of this process")
        entered = _entered[0]
        asked = read(kinds[value["kind"]], value)
        if isinstance(asked, Detach):
            return [_entered.pop().remove()]
        if isinstance(asked, Capture):
            entered.debugger.count(asked.stop)
        said = entered.session.obey(asked, entered.debugger.frame_under_evaluation())
        return [*entered.outbox.collect(), *said]

    return _answer(answer)


def _answer(ask: Callable[[], list[ProbeMessage]]) -> str:
    """Never raise: debugpy answers an evaluate that raises SystemExit not at all."""
    try:
        return json.dumps({"ok": to_json(batch(*ask()))})
    except BaseException as fault:
        return json.dumps({"err": describe(fault)})


def _home(function: FunctionType) -> str:
    """The folder of the bundle, as the debugger spells it."""
    spelled = function.__code__.co_filename
    if spelled.startswith("<"):
        return spelled.partition("/")[0] + "/"
    return str(Path(spelled).resolve().parents[2]) + os.sep
