"""What a backward from here would do, without running it."""

from __future__ import annotations

from collections.abc import Iterable

from ...wire.snapshot import BackwardEffect
from .foresight import Foresight, Leaves, Output, Root, outputs_of
from .graph import Graph
from .raising import FreedBy, failure, refusal
from .reading import Reading
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

    def foresee(self, freed_by: FreedBy, parameters: set[int]) -> Foresight:
        """What would happen.

        Args:
            freed_by: Asked for the site of an earlier backward.
            parameters: Storages that are parameters' own: nothing is freed of them.
        """
        foresight, root, graph = self.foresight, self.root, self._graph
        foresight.sure = all(reading.graph_known or not reading.requires_grad for reading in root.readings)
        foresight.complete = (
            foresight.sure
            and not graph.left_out
            and all(reading.node is None or graph.row(reading.node) >= 0 for reading in root.readings)
        )
        self._reach()
        foresight.will_raise = refusal(root)
        if foresight.will_raise is not None:
            return foresight
        if foresight.sure:
            foresight.will_raise = failure(foresight, root, graph, self._saved, freed_by)
        if any(slot.unsure for row in foresight.ran for slot in self._saved[row].slots):
            foresight.sure = False
        if foresight.will_raise is None and not root.retains:
            self._count_freed(parameters)
        return foresight

    def effect_on(self, reading: Reading) -> BackwardEffect:
        """What becomes of the tensor's ``.grad``."""
        if not reading.requires_grad:  # also one that was frozen after its use: AccumulateGrad passes it over
            return "untouched" if reading.graph_known or not reading.is_view else "unknown"
        if not reading.graph_known:
            return "unknown"
        if not self._is_reached(reading):
            return "untouched" if self.foresight.complete else "unknown"
        if self.foresight.will_raise is not None or not self.foresight.sure:
            return "unknown"
        return self._effect_of_arriving(reading)

    def _effect_of_arriving(self, reading: Reading) -> BackwardEffect:
        call = self.root.call
        accumulates = call is None or call.accumulates
        asked = call is not None and call.inputs is not None and any(each is reading.tensor for each in call.inputs)
        keeps = reading.retains_grad or (accumulates and (reading.is_leaf or asked))  # inputs= makes non-leaves retain
        if keeps:
            return "new" if reading.grad == "none" else "added"
        return "untouched" if reading.is_leaf or asked else "dropped"  # autograd.grad hands it back

    def runs(self, reading: Reading) -> bool:
        """Whether the tensor's own hooks would run."""
        return self._is_reached(reading) and bool(reading.requires_grad)

    def _is_reached(self, reading: Reading) -> bool:
        if any(output in self.foresight.reached for output in self._leaves.outputs(reading, self._graph)):
            return True
        return reading.is_leaf == 1 and any(root is reading for root in self.root.readings)

    def _reach(self) -> None:
        edges: Edges = {}
        graph = self._graph
        for source, target, input_nr in zip(graph.sources, graph.targets, graph.input_nrs, strict=True):
            edges.setdefault(source, []).append((target, input_nr))
        foresight = self.foresight
        starts = outputs_of(self.root.readings, graph, self._leaves)
        _spread(foresight, starts, edges)
        call = self.root.call
        if call is None:
            return
        if not call.inputs_known:
            foresight.sure = False
        elif call.inputs is not None:
            wanted = [self._readings[id(tensor)] for tensor in call.inputs if id(tensor) in self._readings]
            if not all(reading.requires_grad and reading.graph_known for reading in wanted):
                foresight.sure = False  # torch refuses such an input, or nobody knows where it is
            asked = outputs_of(wanted, graph, self._leaves)
            _narrow(foresight, starts, asked, edges, runs_asked=call.accumulates)

    def _count_freed(self, parameters: set[int]) -> None:
        storages: dict[int, int] = {}
        for row in self.foresight.ran:
            held = [slot for slot in self._saved[row].slots if slot.state in _HELD]
            self.foresight.nodes_freed += bool(held)
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
