"""The tap on graphs that live on: which iterations' are there as another begins."""

from __future__ import annotations

import inspect
import itertools
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any

from ...events import BackwardBegan, Event, ForwardRan, GraphMade, GraphsSettled, OptimizerMade, StepEnded
from ...wire.sites import Site
from ..capture.guards import undisturbed
from ..capture.inside import attributes
from ..capture.reading import read_tensor
from ..capture.scopes import may_read_locals
from ..capture.variables import local_variables
from ..guard import Report, guard
from .beginning import Beginning
from .graph import walk
from .graph_holders import HoldersInFrames
from .hearing import told_first
from .held import HeldGradients
from .rounds import Rounds, Sentinels
from .steps import sequence_clock

if TYPE_CHECKING:
    import torch

    Node = torch.autograd.graph.Node

_LOOKED_AT = 6  # iterations whose variables are looked at, at the beginning and after each
_LOOKED_AT_OF = 100
_TOLD = 160  # iterations that live on; of more nothing new is to be said
_WARY = 64  # more of them while graphs live on
_NODES = 8
_WALKED = 400
_SEARCHED = 2000  # nodes in which graphs of calls are looked for
_FORWARDS = 64  # loops of calls
_ITEMS = 8  # of one container
_OLD = 2


class GrowthTap:
    """Puts sentinels on the graphs of each iteration and tells when earlier ones live on."""

    def __init__(self, emit: Callable[[Event], None], report: Report, *, held: HeldGradients) -> None:
        self._emit = emit
        self._held = held
        self._guard = guard("graphs that live on", report)
        self._threads: dict[int, _Thread] = {}
        self._serials = itertools.count(1)
        self._optimizers = False  # somebody made one
        self.backward_begins = self._guard(self._backward_begins)

    def install(self) -> None:
        """Begin to count."""
        self._guard.quiet = False

    def remove(self) -> None:
        """Count no more; what lies in nodes that live does nothing."""
        self._guard.quiet = True
        self._threads = {}

    def listening(self, emit: Callable[[Event], None]) -> Callable[[Event], None]:
        """``emit``, with this tap told first."""
        return told_first(emit, [StepEnded, OptimizerMade, ForwardRan, BackwardBegan], self._guard(self._hear))

    def _hear(self, event: Event) -> None:
        match event:
            case StepEnded():
                self._optimizers = True
                self._here().backwards.rounds.step_ended()
            case OptimizerMade():
                self._optimizers = True
            case BackwardBegan(accumulates=False):
                self._settle(self._here(), used=True)
            case ForwardRan(builds=True):
                self._forward_ran(self._here(), event)
            case _:
                return

    def _here(self) -> _Thread:
        thread = threading.get_ident()
        here = self._threads.get(thread)
        if here is None:
            here = self._threads[thread] = _Thread(_Loop(next(self._serials)))
        return here

    # -- iterations of backwards ------------------------------------------------------------------------

    def _backward_begins(self, call: Beginning) -> None:
        clock, roots = sequence_clock(), call.roots
        if clock is None or not roots:
            return
        here = self._here()
        loop = here.backwards
        rounds = loop.rounds
        if here.pending:
            nodes = walk(roots, at_most=_SEARCHED).nodes
            for each in here.pending.values():
                each.is_used = any(map(each.sentinels.has, nodes))
            self._settle(here, used=False)
        began = rounds.starts[-1] if rounds.starts else 0
        site = call.place.innermost.path, call.place.innermost.line
        if rounds.backward_begins(site, in_step=call.in_step or self._optimizers, clock=clock):
            self._tell(loop, call.frame, call.place.user, runs_backward=True)
        loop.sentinels.put(roots[0], rounds.number)
        wary = loop.was_told and loop.looks < _WARY
        if rounds.number % _LOOKED_AT_OF > _LOOKED_AT and not wary:
            return
        loop.looks += wary
        for node in itertools.chain(_spread(roots, began), _of_variables(call.place.frame, began)):
            loop.sentinels.put(node, rounds.number)

    def _tell(self, loop: _Loop, frame: FrameType | None, site: Site, *, runs_backward: bool) -> None:
        number = loop.rounds.number
        living = loop.sentinels.alive()
        if len(living) > _TOLD:
            return
        alive = tuple(each for each in living if each < number)
        lives_on = bool(alive) and alive[0] <= number - _OLD
        if not (lives_on or loop.was_told):
            return
        loop.was_told = lives_on
        holders = HoldersInFrames(frame, self._held, starts=tuple(loop.rounds.starts))
        try:
            self._emit(
                GraphMade(
                    loop=loop.rounds.loop,
                    iteration=number,
                    site=site,
                    alive=alive,
                    runs_backward=runs_backward,
                    holders=holders,
                )
            )
        finally:
            holders.close()

    # -- iterations of calls in evaluation mode ---------------------------------------------------------

    def _forward_ran(self, here: _Thread, event: ForwardRan) -> None:
        """An outermost call in evaluation mode whose output has a graph."""
        clock = sequence_clock()
        roots: list[Node] = getattr(event.look, "roots", [])
        if clock is None or not roots:
            return
        key = event.module, event.innermost.path, event.innermost.line
        loop = here.forwards.get(key)
        if loop is None:
            if len(here.forwards) >= _FORWARDS:
                here.forwards.clear()
            loop = here.forwards[key] = _Loop(next(self._serials))
        if loop.is_used:  # its outputs are run backward: they are kept for that
            return
        loop.rounds.number += 1
        loop.rounds.starts.append(clock)
        self._tell(loop, sys._getframe(), event.site, runs_backward=False)
        if loop.was_told:
            here.pending[key] = loop
        elif here.pending.pop(key, None) is not None:
            self._emit(GraphsSettled(loop=loop.rounds.loop, used=False))
        loop.sentinels.put(roots[0], loop.rounds.number)

    def _settle(self, here: _Thread, *, used: bool) -> None:
        """A backward begins: what was kept until now was kept for it, or for nothing."""
        pending, here.pending = here.pending, {}
        for loop in pending.values():
            loop.is_used = loop.is_used or used
            self._emit(GraphsSettled(loop=loop.rounds.loop, used=loop.is_used))


class _Loop:
    """Iterations of one kind, and their graphs.

    Attributes:
        was_told: Graphs of earlier iterations lived on when the last one began.
        looks: Iterations that were looked at for that.
        is_used: Its graphs, made where nothing runs backward, are run backward after all.
    """

    def __init__(self, serial: int) -> None:
        self.rounds = Rounds(serial)
        self.sentinels = Sentinels()
        self.was_told = False
        self.looks = 0
        self.is_used = False


_Key = tuple[int, str, int]


@dataclass(slots=True)
class _Thread:
    """One thread's loops; ``pending`` are those of calls whose graphs live on, as yet for nothing."""

    backwards: _Loop
    forwards: dict[_Key, _Loop] = field(default_factory=dict[_Key, _Loop])
    pending: dict[_Key, _Loop] = field(default_factory=dict[_Key, _Loop])


def _spread(roots: list[Node], began: int) -> Iterator[Node]:
    """Some nodes of the graph, made in this iteration."""
    nodes = walk(roots, at_most=_WALKED).nodes
    count = len(nodes)
    for index in range(1, _NODES + 1) if count > 1 else ():
        node = nodes[index * (count - 1) // _NODES]
        if began <= node._sequence_nr() < 1 << 63:
            yield node


def _of_variables(frame: FrameType | None, began: int) -> Iterator[Node]:
    """The nodes that made the frame's tensors, and those in its ``self``, in this iteration."""
    if frame is None or (frame.f_code.co_flags & inspect.CO_OPTIMIZED and not may_read_locals(frame)):
        return
    tensor = sys.modules["torch"].Tensor
    found = 0
    with undisturbed():
        for value in _values(local_variables(frame)):
            if not isinstance(value, tensor):
                continue
            node = read_tensor(value).node
            if node is not None and began <= node._sequence_nr() < 1 << 63:
                yield node
                found += 1
                if found == _NODES:
                    return


def _values(variables: dict[str, Any]) -> Iterator[Any]:
    """Variables, what lies in ``self``, and the first items of tuples and lists among them."""
    owner = variables.get("self")
    named: Iterable[tuple[str, Any]] = variables.items() if owner is None else [*variables.items(), *attributes(owner)]
    for _, value in named:
        if type(value) in (tuple, list):
            yield from itertools.islice(value, _ITEMS)
        elif type(value) is dict:
            yield from itertools.islice(value.values(), _ITEMS)
        else:
            yield value
