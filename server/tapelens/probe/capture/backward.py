"""What a backward from here would do, without running it."""

from __future__ import annotations

from collections.abc import Iterable

from ...wire.snapshot import BackwardEffect, HookKind
from .foresight import Foresight, Leaves, Output, Root, outputs_of
from .functions import runs_backward
from .graph import Graph, is_custom
from .raising import HIDES, Failures, FreedBy
from .reading import Reading
from .refusing import borrows, refusal, unused
from .saved import NodeSaved

Edges = dict[int, list[Output]]

_HELD = frozenset(("live", "changed", "packed"))


class Backward:
    """A backward from a root, thought through on the graph that was walked."""

    def __init__(
        self, root: Root, graph: Graph, saved: list[NodeSaved], leaves: Leaves, readings: dict[int, Reading]
    ) -> None:
        self.root = root
        self.foresight = Foresight()
        self._graph = graph
        self._saved = saved
        self._leaves = leaves
        self._readings = readings
        # a view changed in place gets a new node, straight below which is its base's
        self._starts = [self._below(reading) for reading in root.readings]

    def foresee(self, freed_by: FreedBy, parameters: set[int]) -> Foresight:
        """What would happen.

        Args:
            freed_by: Asked for the site of an earlier backward.
            parameters: Storages that are parameters' own: nothing is freed of them.
        """
        foresight, root, graph = self.foresight, self.root, self._graph
        foresight.sure = all(reading.graph_known or not reading.requires_grad for reading in self._starts)
        foresight.complete = (
            foresight.sure
            and not graph.left_out
            and all(reading.node is None or graph.row(reading.node) >= 0 for reading in self._starts)
        )
        self._reach()
        foresight.will_raise = refusal(root, self._readings, foresight)
        if foresight.will_raise is not None:
            return foresight
        if not foresight.complete:
            foresight.wonder("not all of the graph below could be read")
        if foresight.sure:
            failures = Failures(foresight, root, graph, self._saved, freed_by, self._readings)
            foresight.will_raise = failures.first()
        if foresight.will_raise is None and not root.retains:
            self._count_freed(parameters)
        if foresight.will_raise is None and foresight.sure:
            foresight.will_raise = unused(root, self._readings, foresight, graph, self._leaves)
        if foresight.will_raise is not None:
            foresight.doubt = None
        if any(is_custom(graph.nodes[row]) and runs_backward(type(graph.nodes[row])) for row in foresight.ran):
            foresight.complete = False  # what it reaches is not below the root
        return foresight

    def effect_on(self, reading: Reading) -> BackwardEffect:
        """What becomes of the tensor's ``.grad``."""
        if not reading.requires_grad:  # also one that was frozen after its use: AccumulateGrad passes it over
            return "untouched" if reading.graph_known or reading.stale or not reading.is_view else "unknown"
        if self.root.call is not None and not self.root.call.accumulates and reading.is_leaf == 1:
            return "untouched" if self._stays_below() else "unknown"
        return self._effect_on_grown(reading) if reading.graph_known else self._effect_on_stale(reading)

    def runs(self, reading: Reading, kind: HookKind) -> bool:
        """Whether the tensor's own hooks would run."""
        if kind == "post_accumulate":
            rows = [row for row, _ in self._leaves.accumulators(reading)]
            accumulates = self.root.call is None or self.root.call.accumulates
            fresh = reading.is_leaf == 1 and any(root is reading for root in self._starts)
            return accumulates and ((fresh and bool(reading.requires_grad)) or not self.foresight.ran.isdisjoint(rows))
        outputs = self._leaves.outputs(reading, self._graph)
        return self._is_reached(reading) or any(output in self.foresight.knocked for output in outputs)

    def _effect_on_grown(self, reading: Reading) -> BackwardEffect:
        added = any(output in self.foresight.reached for output in self._leaves.accumulators(reading))
        knocked = reading.retains_grad and self.runs(reading, "tensor_pre")
        if not added and not knocked and not self._is_reached(reading):
            return "untouched" if self.foresight.complete else "unknown"
        fails = self.foresight.will_raise is not None or not self.foresight.sure
        if fails or (not added and borrows(reading, self._readings)):  # which may have no graph of its own
            return "unknown"
        return self._effect_of_arriving(reading, added=added)

    def _effect_of_arriving(self, reading: Reading, *, added: bool) -> BackwardEffect:
        call = self.root.call
        accumulates = call is None or call.accumulates
        asked = call is not None and call.inputs is not None and any(each is reading.tensor for each in call.inputs)
        keeps = reading.retains_grad or (
            accumulates and (added or reading.is_leaf or asked)
        )  # inputs= makes non-leaves retain
        if keeps:
            return {"none": "new", "held": "added"}.get(reading.grad, "unknown")  # pyright: ignore[reportReturnType]
        return "untouched" if reading.is_leaf or asked else "dropped"  # autograd.grad hands it back

    def _effect_on_stale(self, reading: Reading) -> BackwardEffect:
        """The node that torch will make for it is in no graph yet, unless the backward starts there."""
        if not reading.stale or reading.retains_grad or not self.foresight.sure:
            return "unknown"
        call = self.root.call
        asked = call is not None and call.inputs is not None and any(each is reading.tensor for each in call.inputs)
        if not any(root is reading for root in self.root.readings):
            return "untouched"
        return "unknown" if asked or self.foresight.will_raise is not None else "dropped"

    def _stays_below(self) -> bool:
        """Nothing runs a backward of its own, which would add to leaves."""
        graph = self._graph
        return not any(
            is_custom(graph.nodes[row]) and runs_backward(type(graph.nodes[row])) for row in self.foresight.ran
        )

    def _below(self, reading: Reading) -> Reading:
        base = None if reading.base is None else self._readings.get(id(reading.base))
        return base if reading.stale and base is not None else reading

    def _is_reached(self, reading: Reading) -> bool:
        if any(output in self.foresight.reached for output in self._leaves.outputs(reading, self._graph)):
            return True
        if any(root is reading for root in self.root.readings) and reading.is_leaf == 1:
            return True
        return reading.is_leaf == 1 and any(root is reading for root in self._starts)

    def _reach(self) -> None:
        edges: Edges = {}
        graph = self._graph
        for source, target, input_nr in zip(graph.sources, graph.targets, graph.input_nrs, strict=True):
            edges.setdefault(source, []).append((target, input_nr))
        foresight = self.foresight
        starts = outputs_of(self._starts, graph, self._leaves)
        _spread(foresight, starts, edges)
        call = self.root.call
        if call is None:
            return
        if not call.inputs_known:
            foresight.sure = False
            foresight.wonder("the inputs asked for cannot be told")
        elif call.inputs is not None:
            wanted = [self._readings[id(tensor)] for tensor in call.inputs if id(tensor) in self._readings]
            if not all(reading.graph_known or reading.stale for reading in wanted):
                foresight.sure = False
                foresight.wonder("the graph of the inputs asked for could not be read")
            asked = outputs_of([reading for reading in wanted if not reading.stale], graph, self._leaves)
            _narrow(foresight, starts, asked, edges, runs_asked=call.accumulates)
            if len(call.outputs) == 1:
                foresight.knocked.update(starts)

    def _count_freed(self, parameters: set[int]) -> None:
        storages: dict[int, int] = {}
        for row in self.foresight.ran:
            held = [slot for slot in self._saved[row].slots if slot.state in _HELD]
            hides = self._graph.names[row] == HIDES and self._saved[row].state == "alive"
            self.foresight.nodes_freed += bool(held) or hides
            storages.update(slot.storage for slot in held if slot.storage is not None)
        self.foresight.bytes_freed = sum(size for address, size in storages.items() if address not in parameters)


def _spread(foresight: Foresight, starts: Iterable[Output], edges: Edges) -> None:
    """Follow every edge: what runs when all leaves are asked for."""
    waiting = list(starts)
    while waiting:
        output = waiting.pop()
        foresight.reached.add(output)
        if output[0] not in foresight.ran:
            foresight.ran.add(output[0])
            waiting.extend(edges.get(output[0], ()))


def _narrow(foresight: Foresight, starts: list[Output], asked: list[Output], edges: Edges, *, runs_asked: bool) -> None:
    """With ``inputs``, only nodes on a way to one of them run (``GraphTask::init_to_execute``)."""
    sources: dict[int, list[int]] = {}
    for source in foresight.ran:
        for target, _ in edges.get(source, ()):
            sources.setdefault(target, []).append(source)
    goals = {row for row, _ in asked} & foresight.ran
    waiting = [source for goal in goals for source in sources.get(goal, ())]
    leading: set[int] = set()
    while waiting:
        row = waiting.pop()
        if row not in leading:
            leading.add(row)
            waiting.extend(sources.get(row, ()))
    foresight.ran = leading | goals if runs_asked else leading
    arrives = leading | goals
    foresight.reached = {output for output in starts if output[0] in arrives} | {
        output for source in leading for output in edges.get(source, ()) if output[0] in arrives
    }
