"""Parameters that changed without a version bump, and graphs that saved them before: torch does not notice."""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from ...events import Event, Sample, SilentChange, StepBegan, StepEnded
from ...wire.sites import Site
from ..capture.gradients import Origins
from ..capture.graph import NO_SEQUENCE, node_name
from ..capture.guards import undisturbed
from ..capture.saved import SavedReader
from ..guard import Report, guard
from ..timeline import UNKNOWN, Origin
from .graph import leading_to
from .hearing import all_told_first
from .held import READ_FULLY, HeldGradients, parameters_of
from .samples import sample, version_of
from .steps import sequence_clock
from .threads import thread_serials
from .writes import line_that_writes

if TYPE_CHECKING:
    import torch

    Node = torch.autograd.graph.Node

_AT_MOST = 256  # parameters a look
_REMEMBERED = 4096
_CHANGES = 16
_TOLD = 4
_UNSEEN = 32
_LOOKED_ONE_OF = 500  # steps of an optimizer


@dataclass(frozen=True, slots=True)
class _Change:
    """Between two looks, on one thread's clock, the values changed and the version did not.

    Attributes:
        since: The clock at the first look: what was made before then saw the old values.
        before: The old values.
        site: Of the step that made it, None where none can have.
    """

    since: int
    before: Sample
    site: Site | None


class _Step(NamedTuple):
    """A step that was not looked at, and where it left the clock."""

    optimizer: int
    site: Site
    clock: int
    thread: int


@dataclass(slots=True)
class _Known:
    """A parameter at the last look."""

    version: int
    values: Sample
    clock: int
    thread: int
    changes: list[_Change] = field(default_factory=list[_Change])

    def first_since(self, number: int) -> _Change | None:
        """The first change after a node was made, if the values are not what they were before it."""
        change = next((change for change in self.changes if change.since > number), None)
        return None if change is None or change.before == self.values else change


class SilentWrites:
    """Compares a few values of parameters at each end of a step and where a backward begins.

    NOTE [whose change is silent]: fused optimizers, ``.data`` and numpy write without a version bump, so a
    graph that saved the parameter before runs backward with the new values, and gives wrong gradients
    without an error. A node that is older than the look at which the old values were still there, and
    whose saved tensor shares the parameter's memory at an unchanged version, is such a graph's.

    Args:
        held: The optimizers.
        origins: Says where nodes were made, by their numbers.
        report: Takes a fault of ours.
    """

    def __init__(self, held: HeldGradients, origins: Origins | None, report: Report) -> None:
        self._guarded_look = guard("values of parameters around steps", report)(self._look_at)
        self._here = thread_serials()
        self._held = held
        self._origins = origins
        self._known: dict[int, _Known] = {}
        self._unseen: deque[_Step] = deque(maxlen=_UNSEEN)
        self._latest: dict[int, int] = {}  # by thread, the clock before its last silent change

    def listening(self, emit: Callable[[Event], None]) -> Callable[[Event], None]:
        """``emit``; before and after some steps, look at what the optimizer holds."""
        return all_told_first(
            emit,
            {
                StepBegan: lambda event: self._guarded_look(event, None),
                StepEnded: lambda event: self._guarded_look(event, event.site),
            },
        )

    def is_older(self, roots: Iterable[Node]) -> bool:
        """A root was made before something changed silently."""
        latest = self._latest.get(self._here.serial)
        return latest is not None and any(root._sequence_nr() < latest for root in roots)

    def look(self, leaves: list[torch.Tensor], *, site: Site | None = None) -> None:
        """Compare with the last look; a change since then is the step's at ``site``, or else a write's."""
        clock = sequence_clock()
        if clock is None:
            return
        thread = self._here.serial
        if len(self._known) > _REMEMBERED:
            self._known = {}
        with undisturbed():
            seen = [(id(leaf), version_of(leaf), sample(leaf)) for leaf in leaves[:_AT_MOST]]
        for leaf, version, values in seen:
            known = self._known.get(leaf)
            if known is None or known.thread != thread:
                self._known[leaf] = _Known(version, values, clock, thread)
                continue
            if known.version == version and known.values and values and values != known.values:
                change = _Change(known.clock, known.values, site or self._unseen_step(leaf, known))
                known.changes = [*known.changes, change][-_CHANGES:]
                self._latest[thread] = max(self._latest.get(thread, 0), known.clock)
            known.version, known.values, known.clock = version, values, clock

    def behind(
        self, nodes: list[Node], leaves: list[torch.Tensor], inputs: tuple[object, ...], frame: FrameType
    ) -> tuple[SilentChange, ...]:
        """Of the graph's leaves those that its nodes saved before they changed; look at them first.

        Args:
            nodes: The graph.
            leaves: Of it.
            inputs: What the call wants gradients of; empty for all leaves.
            frame: Where it was made.
        """
        changed = {id(leaf): known for leaf in leaves if (known := self._known.get(id(leaf))) and known.changes}
        latest = max((known.changes[-1].since for known in changed.values()), default=0)
        older = [(number, node) for node in nodes if (number := node._sequence_nr()) < min(latest, NO_SEQUENCE)]
        if older and inputs:
            needed = leading_to(nodes, inputs)
            older = [(number, node) for number, node in older if node in needed]
        if not older:
            return ()
        found: dict[int, SilentChange] = {}
        here = threading.get_native_id()
        with undisturbed():
            memory = {_memory(leaf): id(leaf) for leaf in leaves if id(leaf) in changed}
            for number, node, leaf in _using(older, memory):
                change, origin = changed[leaf].first_since(number), self._origin(number)
                # numbers are a thread's own: another's node says nothing
                if change is None or leaf in found or origin.thread not in {UNKNOWN.thread, here}:
                    continue
                found[leaf] = SilentChange(
                    parameter=leaf,
                    changed_at=change.site,
                    by_step=change.site is not None,
                    made_at=origin.site,
                    operation=node_name(node),
                    before=change.before,
                    now=changed[leaf].values,
                )
                if len(found) == _TOLD:
                    break
        return tuple(_placed(change, frame) for change in found.values())

    def _look_at(self, event: StepBegan | StepEnded, site: Site | None) -> None:
        if event.ordinal > READ_FULLY and event.ordinal % _LOOKED_ONE_OF:
            if site is not None:
                self._unseen.append(_Step(event.optimizer, site, sequence_clock() or 0, self._here.serial))
            return
        for optimizer, known in self._held.alive():
            if known.serial == event.optimizer and not known.is_shared:
                self.look(list(parameters_of(optimizer)), site=site)

    def _unseen_step(self, leaf: int, known: _Known) -> Site | None:
        """Of steps that were not looked at, the last one since then that can have changed the parameter."""
        for step in reversed(list(self._unseen)):
            if step.thread == known.thread and step.clock >= known.clock:
                optimizer = self._held.named(step.optimizer)
                if optimizer is not None and any(id(held) == leaf for held in parameters_of(optimizer)):
                    return step.site
        return None

    def _origin(self, number: int) -> Origin:
        return UNKNOWN if self._origins is None else next(iter(self._origins([number])), UNKNOWN)


def _using(older: list[tuple[int, Node]], memory: dict[int, int]) -> Iterator[tuple[int, Node, int]]:
    """Nodes that saved one of the parameters, at the version that it still has."""
    reader = SavedReader()
    for number, node in older:
        for slot in reader.read(node).slots:
            leaf = None if slot.storage is None else memory.get(slot.storage[0])
            if leaf is not None and slot.state == "live" and not slot.unsure:
                yield number, node, leaf


def _memory(leaf: torch.Tensor) -> int:
    """The storage's address; of a parameter, never of a gradient."""
    try:
        return sys.modules["torch"]._C.TensorBase.untyped_storage(leaf)._cdata
    except RuntimeError:  # it has none (NotImplementedError is one)
        return 0


def _placed(change: SilentChange, frame: FrameType) -> SilentChange:
    """With the line that wrote, where the user's text shows a single one that can have."""
    if change.changed_at is not None:
        return change
    return SilentChange(
        parameter=change.parameter,
        changed_at=line_that_writes(frame),
        by_step=False,
        made_at=change.made_at,
        operation=change.operation,
        before=change.before,
        now=change.now,
    )
