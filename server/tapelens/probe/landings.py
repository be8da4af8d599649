"""Lets a deep graph whose nodes were looked at be freed as safely as one that nobody looked at.

NOTE [freeing what was looked at]: torch frees a graph without recursion. Since 2.13, though, a node keeps
the Python object that was once made for it, and nodes that have one free each other recursively: below a
chain of 45,000 of them the program runs out of stack as it drops its loss, and dies. So where an edge
leads from one band of sequence numbers into another, the upper node's metadata holds the lower one. When
the upper one goes, the lower one is let go from an empty stack: as the program next calls anything or
goes round a loop; it lives no longer than that.
"""

from __future__ import annotations

import _thread
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    Node = torch.autograd.graph.Node

BAND = 1_000
"""Sequence numbers that may be freed recursively: 200 KB of stack."""

_ENTRY = "_tapelens_landing"
_NO_SEQUENCE = 1 << 63
"""AccumulateGrad counts as 2**64-1; nothing lies below it."""


_Instruction = tuple[int, int]
"""A frame's ``id``, and where it is."""


class _Landings:
    """Nodes whose upper neighbours are gone, by the thread that let those go, until its stack is empty again."""

    def __init__(self) -> None:
        self._waiting: dict[int, list[tuple[_Instruction, tuple[Node, ...]]]] = {}
        self._is_letting_go = False
        self._main = threading.main_thread().ident
        self._schedule: Callable[[object], object] | None = None
        # held here: when the interpreter ends, finalizers run after modules have lost their names
        self._frame, self._frames, self._thread = sys._getframe, sys._current_frames, _thread.get_ident
        self._interrupt = _thread.interrupt_main

    def take(self, nodes: tuple[Node, ...]) -> bool:
        """Their upper neighbour is being freed: hold them until that is done. Whether that is to be scheduled."""
        try:
            frame = self._frame(2)  # in it something was dropped
        except ValueError:  # no Python below: one of torch's own threads
            dropped_at = (0, 0)
        else:
            dropped_at = (id(frame), frame.f_lasti)
        thread = self._thread()
        self._waiting.setdefault(thread, []).append((dropped_at, nodes))
        return thread == self._main and not self._is_letting_go

    def let_go(self) -> None:
        """Free what waits for this thread, or for one that has ended; nothing may be being freed here."""
        if not self._waiting:
            return
        here = self._thread()
        running = self._frames()
        for thread in [each for each in self._waiting if each == here or each not in running]:
            _empty(self._waiting.get(thread))
            self._waiting.pop(thread, None)
        _empty(self._waiting.get(here))  # what they brought

    def schedule(self) -> Callable[[object], object] | None:
        """Has the main thread free what waits as it next calls anything; runs no Python itself."""
        if self._schedule is None:
            try:
                import ctypes  # noqa: PLC0415 (most programs never need it)
            except ImportError:  # an interpreter without: it is done at the next look at a graph
                return None
            kind = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
            callback = kind(self._on_main_thread)
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(callback))  # it may be called while the interpreter ends
            add = ctypes.PYFUNCTYPE(ctypes.c_int, kind, ctypes.py_object)(("Py_AddPendingCall", ctypes.pythonapi))
            self._schedule = partial(add, callback)
        return self._schedule

    def _on_main_thread(self, _: object) -> int:
        # NOTE [nothing is scheduled from here]: Python 3.11 under a tracer never gets past the next function
        # entered while something is scheduled from within what was scheduled.
        waiting = self._waiting.get(self._thread())
        if not waiting:
            return 0
        busy = self._instructions_below()
        self._is_letting_go = True
        try:
            while waiting and waiting[-1][0] not in busy:  # else a finalizer runs in the midst of what is being freed
                waiting.pop()  # it may bring more, one band further down
        except KeyboardInterrupt:  # ctypes would print it and go on: the program is to have it
            self._interrupt()
        finally:
            self._is_letting_go = False
        return 0

    def _instructions_below(self) -> set[_Instruction]:
        """What the frames below the one that runs are at."""
        below: set[_Instruction] = set()
        interrupted = self._frame(1).f_back
        frame = None if interrupted is None else interrupted.f_back
        while frame is not None:
            below.add((id(frame), frame.f_lasti))
            frame = frame.f_back
        return below


def _empty(waiting: list[tuple[_Instruction, tuple[Node, ...]]] | None) -> None:
    while waiting:
        try:
            waiting.pop()
        except IndexError:  # what was scheduled ran between the two, and freed the last
            return


_landings = _Landings()


class Landing:
    """Stands in a node's metadata and holds nodes straight below it.

    NOTE [first held, then scheduled]: Python looks for what is scheduled after each call, also within a
    finalizer. So ``__del__`` schedules nothing; the call of a weak reference, which comes after it, does.
    """

    __slots__ = ("__weakref__", "_last", "nodes")

    def __init__(self, nodes: tuple[Node, ...], schedule: Callable[[object], object] | None) -> None:
        self.nodes = nodes
        self._last = None if schedule is None else weakref.ref(self, schedule)

    def __del__(self, landings: _Landings = _landings) -> None:
        if not landings.take(self.nodes):
            self._last = None


def land(nodes: Iterable[Node]) -> None:
    """Make it safe to free these nodes. To be called by whoever asked them for their ``next_functions``."""
    land_dated({node: node._sequence_nr() for node in nodes})


def land_dated(numbers: Mapping[Node, int]) -> None:
    """As ``land``, with the nodes' sequence numbers."""
    if len(numbers) < BAND:
        return
    for node, number in numbers.items():
        lowest = number - number % BAND
        beyond = lowest + BAND
        apart: list[Node] = []
        for target, _ in node.next_functions:
            if target is not None:
                other = numbers.get(target, number)
                if (other < lowest or other >= beyond) and other < _NO_SEQUENCE:
                    apart.append(target)
        if apart:
            land_below(node, apart)


def land_below(node: Node, targets: Iterable[Node]) -> None:
    """Have the node hold what lies straight below it in other bands."""
    metadata: Any = node.metadata
    landing = metadata.get(_ENTRY)
    if landing is None:
        metadata[_ENTRY] = Landing(tuple(targets), _landings.schedule())
    else:
        landing.nodes = tuple(targets)


def let_go() -> None:
    """Free what waits: to be called now and then by threads other than the main one."""
    _landings.let_go()
