"""debugpy's internals, as far as we use them; each is looked for and may be missing.

Source: pydevd as vendored in debugpy 1.8.22 (``pydevd.py``, ``_pydevd_bundle/``).
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import FrameType, TracebackType
from typing import Any, cast

from ..guard import Report
from .cards import Cards

_OUR_COMMAND = 9999  # pydevd numbers its own commands below 600

Uncaught = tuple[type[BaseException], BaseException, "TracebackType | None"]


@dataclass(frozen=True, kw_only=True)
class Suspension:
    """A thread is about to stand still.

    Attributes:
        stop: Number of the stop in the process, from 1.
        thread: DAP's id of the thread.
        frame: The innermost frame that is shown.
        uncaught: The exception that nobody catches, when that is why.
    """

    stop: int
    thread: int
    frame: FrameType
    uncaught: Uncaught | None


@dataclass(frozen=True, kw_only=True)
class _Reason:
    thread: object
    reason: str
    text: str


class Debugger:
    """The debugger that runs this process.

    Attributes:
        missing: What was looked for in vain, in words.
    """

    def __init__(self, db: Any) -> None:  # noqa: ANN401 (pydevd has no types)
        self.missing: list[str] = []
        self._db = db
        self._stops = 0
        self._notified: tuple[object, int] | None = None
        self._uncaught: Uncaught | None = None
        self._reason: _Reason | None = None
        self._replaced: list[tuple[Any, str, Callable[..., Any]]] = []
        self._unhide: Callable[[], None] | None = None
        self._cards: Cards | None = None

    # -- sending -------------------------------------------------------------------------------------

    def send_event(self, body: dict[str, object]) -> bool:
        """Queue a custom event; False when it cannot be sent, or the adapter is gone."""
        net_command = _net_command()
        if _global_debugger() is None or net_command is None or not hasattr(self._db, "writer"):
            return False
        event = {"type": "event", "event": "tapelens", "body": body}
        self._db.writer.add_command(net_command(_OUR_COMMAND, 0, event, is_json=True))
        return True

    def look_for_events(self) -> None:
        """Say beforehand when nothing can be sent by itself."""
        if _net_command() is None or not hasattr(getattr(self._db, "writer", None), "add_command"):
            self.missing.append("the debugger's events: what is seen is told with the next answer")

    def waiting(self) -> int:
        """Commands in the writer's queue; 0 when nobody reads it any more."""
        writer = getattr(self._db, "writer", None)
        if _global_debugger() is None or writer is None:
            return 0
        queue = getattr(writer, "_cmd_queue", None)
        alive = getattr(writer, "is_alive", None)
        if queue is None or (alive is not None and not alive()):
            return 0
        return int(queue.qsize())

    def answer_without_delay(self) -> None:
        """Nagle's algorithm holds small answers back for 40 ms: switch it off."""
        try:
            self._db.writer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (AttributeError, OSError):
            self.missing.append("the debugger's socket: its answers stay slow")

    # -- stops ---------------------------------------------------------------------------------------

    def is_same(self, other: Debugger) -> bool:
        """Both are the one debugger."""
        return self._db is other._db

    @property
    def stops(self) -> int:
        """Number of the latest stop."""
        return self._stops

    def count(self, stop: int) -> None:
        """Take the server's count of the stops, of which we hear only from our coming on, or not at all."""
        self._stops = max(self._stops, stop)

    def watch_suspensions(
        self, on_suspended: Callable[[Suspension], None], *, stand_still: Callable[[], Callable[[], None]]
    ) -> None:
        """Call back on each stop, on the stopped thread, once ``stopped`` is on its way.

        ``stand_still`` is called on each thread that stops with it too, and what it gives when that goes on.
        """
        original = getattr(self._db, "_do_wait_suspend", None)
        factory = getattr(self._db, "cmd_factory", None)
        notification = getattr(factory, "make_thread_suspend_single_notification", None)
        unhandled = getattr(self._db, "do_stop_on_unhandled_exception", None)
        if original is None or notification is None:
            self.missing.append("the debugger's suspension: snapshots are asked for instead of pushed")
            return

        def notify(py_db: Any, thread_id: Any, thread: object, stop_reason: Any) -> Any:  # noqa: ANN401
            return self._named(notification(py_db, thread_id, thread, stop_reason), thread)

        def wait(thread: object, frame: FrameType, *rest: Any) -> Any:  # noqa: ANN401
            notified = self._notified
            if notified is not None and notified[0] is thread:
                self._notified = None
                uncaught, self._uncaught = self._uncaught, None
                on_suspended(Suspension(stop=self._stops, thread=notified[1], frame=frame, uncaught=uncaught))
            go_on = stand_still()
            try:
                return original(thread, frame, *rest)
            finally:
                go_on()

        def stop_on_unhandled(thread: object, frame: FrameType, frames: Any, arg: Uncaught) -> Any:  # noqa: ANN401
            self._uncaught = arg
            try:
                return unhandled(thread, frame, frames, arg)  # pyright: ignore[reportOptionalCall]
            finally:
                self._uncaught = None

        self._replace(factory, "make_thread_suspend_single_notification", notify)
        self._replace(self._db, "_do_wait_suspend", wait)
        if unhandled is not None:
            self._replace(self._db, "do_stop_on_unhandled_exception", stop_on_unhandled)

    def watch_end(self, on_end: Callable[[], None]) -> None:
        """Call back when the debugger lets go of the program, which goes on."""

        def chain(original: Callable[..., Any]) -> Callable[..., Any]:
            def end(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
                with contextlib.suppress(Exception):  # the debugger's own end must go on
                    on_end()
                return original(*args, **kwargs)

            return end

        for name in ("on_disconnect", "dispose_and_kill_all_pydevd_threads"):
            original = getattr(self._db, name, None)
            if original is not None:
                self._replace(self._db, name, chain(original))

    def _named(self, command: Any, thread: object) -> Any:  # noqa: ANN401
        """Put the stop's number, and our own reason where we have one, into a ``stopped`` event."""
        self._stops += 1
        body = dict(command.as_dict.get("body") or {})
        self._notified = (thread, int(body.get("threadId") or 0))
        body["tapelens"] = {"stop": self._stops}
        reason = self._reason
        if reason is not None and reason.thread is thread:
            body |= {"reason": reason.reason, "description": f"Paused on {reason.reason}", "text": reason.text}
        message = {"type": "event", "event": "stopped", "body": body}
        return type(command)(command.id, 0, message, is_json=True)

    # -- pausing -------------------------------------------------------------------------------------

    def look_for_pausing(self) -> None:
        """Say beforehand when a program cannot be paused at a finding."""
        if _pausing() is None or not hasattr(self._db, "do_wait_suspend") or not hasattr(self._db, "set_suspend"):
            self.missing.append("the debugger's way to suspend: the program cannot be paused at a finding")

    def pause(self, frame: FrameType, *, reason: str, text: str) -> None:
        """Stop this thread in ``frame``, now, and return when it goes on.

        ``settrace(stop_at_frame=…)`` would stop a line late (seen on 3.11 to 3.13). The monitoring of
        this thread is off meanwhile: pydevd would else trace itself.
        """
        found = _pausing()
        if found is None:
            return
        set_additional_thread_info, set_break = found
        thread = threading.current_thread()
        info = set_additional_thread_info(thread)
        monitoring = sys.modules.get("_pydevd_sys_monitoring.pydevd_sys_monitoring") if _monitors() else None
        info.is_tracing += 1
        if monitoring is not None:
            monitoring.stop_monitoring(all_threads=False)
        self._reason = _Reason(thread=thread, reason=reason, text=text)
        try:
            self._db.set_suspend(thread, set_break, suspend_other_threads=True)
            self._db.do_wait_suspend(thread, frame, "line", None)
        finally:
            self._reason = None
            info.is_tracing -= 1
            if monitoring is not None:
                monitoring.start_monitoring(all_threads=False)

    # -- what its own views show ------------------------------------------------------------------------

    def show_cards(self, *, on: bool, report: Report) -> None:
        """Show tensors, modules and optimizers as cards, or as the debugger does by itself."""
        if on and self._cards is None:
            self._cards = Cards(report)
            self._cards.install()
            if self._cards.missing:
                self.missing.append(self._cards.missing)
        elif not on and self._cards is not None:
            self._cards.remove()
            self._cards = None

    # -- being no part of the user's program ---------------------------------------------------------------

    def hide_files_below(self, folder: str) -> None:
        """Neither step into nor show frames of files of ours."""
        try:
            from _pydevd_bundle.pydevd_api import PyDevdAPI  # noqa: PLC0415

            before = self._db.dont_trace_external_files
            own = vars(self._db).get("dont_trace_external_files")
            starts = cast("tuple[str, ...]", getattr(before, "start_patterns", ()))
            ends = cast("tuple[str, ...]", getattr(before, "end_patterns", ()))
            if folder not in starts:
                PyDevdAPI().set_dont_trace_start_end_patterns(self._db, (*starts, folder), ends)
                self._unhide = partial(self._restore_filter, self._db.dont_trace_external_files, own)
        except (ImportError, AttributeError, TypeError):
            self.missing.append("the debugger's file filter: stepping may enter the probe's own files")

    def _restore_filter(self, ours: object, before: object) -> None:
        if vars(self._db).get("dont_trace_external_files") is not ours:
            return  # others came after us
        if before is None:
            del self._db.dont_trace_external_files  # the class's own method shows again
        else:
            self._db.dont_trace_external_files = before
        self._db.clear_dont_trace_start_end_patterns_caches()

    def frame_under_evaluation(self) -> FrameType | None:
        """The user's frame that the running ``evaluate`` request named, None without one."""
        caller = sys._getframe()
        while caller is not None:
            if caller.f_code.co_name == "internal_evaluate_expression_json":
                frame = caller.f_locals.get("frame")
                named = caller.f_locals.get("frame_id") is not None
                return frame if named and isinstance(frame, FrameType) else None
            caller = caller.f_back
        return None

    def remove(self) -> None:
        """Give the debugger back as it was."""
        if self._cards is not None:
            self._cards.remove()
            self._cards = None
        for owner, name, function in reversed(self._replaced):
            if vars(owner).get(name) is function:  # else others came after us
                del vars(owner)[name]  # the class's own method shows again
        self._replaced.clear()
        if self._unhide is not None:
            self._unhide()
            self._unhide = None

    def _replace(self, owner: Any, name: str, function: Callable[..., Any]) -> None:  # noqa: ANN401
        setattr(owner, name, function)
        self._replaced.append((owner, name, function))


def current_debugger() -> Debugger | None:
    """The debugger of this process, None without one."""
    db = _global_debugger()
    return None if db is None else Debugger(db)


def _global_debugger() -> Any:  # noqa: ANN401
    constants = sys.modules.get("_pydevd_bundle.pydevd_constants")
    find = getattr(constants, "get_global_debugger", None)
    return None if find is None else find()


def _pausing() -> tuple[Callable[[threading.Thread], Any], Any] | None:
    """What pydevd itself suspends a thread with: its record of a thread, and the reason's number."""
    try:
        from _pydevd_bundle.pydevd_additional_thread_info import set_additional_thread_info  # noqa: PLC0415
        from _pydevd_bundle.pydevd_comm_constants import CMD_SET_BREAK  # noqa: PLC0415
    except ImportError:
        return None
    return set_additional_thread_info, CMD_SET_BREAK


def _net_command() -> Callable[..., Any] | None:
    return getattr(sys.modules.get("_pydevd_bundle.pydevd_net_command"), "NetCommand", None)


def _monitors() -> bool:
    return sys.version_info >= (3, 12)
