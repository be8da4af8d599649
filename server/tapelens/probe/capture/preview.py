"""What a backward would bring, computed on the paused program and accumulated nowhere."""

from __future__ import annotations

import ast
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from math import prod
from types import FrameType
from typing import TYPE_CHECKING, Any

from ...wire.asked import Previewed
from ...wire.gradients import EdgeGradients, Gradients, LeafGradients, NodeGradients
from ..keys import key_of
from .backward import Backward
from .foresight import Leaves, Output, Root, choose_root
from .gradients.message import NOTHING_HOOKED
from .graph import ACCUMULATE_GRAD, Graph, walk_graph
from .guards import collector_held, undisturbed
from .names import Reach, names_of
from .nodes import read_saved
from .objections import objections
from .operands import operand
from .raising import FreedBy
from .reading import Reading, shape_of
from .roots import BackwardCall, Given, backward_call
from .statistics import StatisticsTable
from .tables import Shapes
from .tensors import TensorRows

if TYPE_CHECKING:
    import torch

AT_MOST_NODES = 20_000
AT_MOST_BYTES = 1 << 30
"""Of all gradients together: each is kept until the last is there."""

_NUMBERS = 64 << 20
_FAR_AHEAD_NS = 1 << 62


class _Intruder(Exception):
    """Code of the user's was about to run."""


def preview_backward(frame: FrameType, *, stop: int, expression: str, freed_by: FreedBy) -> Previewed:
    """Compute the gradients of the backward foreseen, or of one from ``expression``.

    Nothing is accumulated, freed or hooked; versions, random state and sequence numbers stay. There is no
    deadline inside the engine, so a graph that is too large is refused instead.

    NOTE [preview and the user's code]: hooks on tensors are taken out of their tables for the call and put
    back. Where anything else of the user's would run (hooks on nodes, backwards of custom Functions,
    what a hook packed, a checkpoint) the preview is refused beforehand; and should Python code be about
    to run all the same, as that of a hook on a tensor that nobody holds any more, it is stopped before
    its first line.
    """
    with collector_held(), undisturbed():
        scene = _Scene(frame, expression, freed_by)
        refused = scene.objections()
    gradients: dict[Output, torch.Tensor] = {}
    if not refused:
        gradients, refused = scene.run()
    told = None if refused else scene.tell(gradients, stop)
    return Previewed(
        kind="previewed", stop=stop, expression=scene.root.expression, refused=tuple(refused), gradients=told
    )


class _Scene:
    """The frame's tensors and the graph below the root, held while the command runs."""

    def __init__(self, frame: FrameType, expression: str, freed_by: FreedBy) -> None:
        reach = Reach(tensors=2_000, values=20_000)
        reach.walk(names_of(frame))
        self.tensors = TensorRows(reach.tensors)
        self.frame = frame
        self.named = expression
        self.root = self._choose(expression)
        nodes = [reading.node for reading in self.root.readings if reading.node is not None]
        self.graph: Graph = walk_graph(nodes, at_most=AT_MOST_NODES)
        leaves = Leaves()
        self.leaf_rows: dict[int, Reading] = {}
        for row, name in enumerate(self.graph.names):
            if name == ACCUMULATE_GRAD:
                leaf = self.graph.nodes[row].variable  # pyright: ignore[reportAttributeAccessIssue]
                self.leaf_rows[row] = self.tensors.add(leaf)
                leaves.add(leaf, row)
        self.saved, _ = read_saved(self.graph, deadline_ns=_FAR_AHEAD_NS)
        self.backward = Backward(self.root, self.graph, self.saved, leaves, self.tensors.readings)
        self.backward.foresee(freed_by, set())

    def objections(self) -> list[str]:
        """Why it is not done, one sentence each."""
        found = self._without_root() or self._without_graph() or self._without_certainty()
        return [found] if found else objections(self.graph, self.saved, sorted(self.backward.foresight.ran))

    def _without_root(self) -> str | None:
        readings = self.root.readings
        if not readings:
            return f"{self.named or 'The line'} names no tensor to start from."
        if len(readings) > 1 and self.root.chosen_by == "all":
            return "There is no scalar here to start from: name the tensor that backward should start from."
        if any(reading.stale for reading in readings):
            return f"{self.root.expression} is a view that was changed in place: PyTorch would make it a new node."
        return None

    def _without_graph(self) -> str | None:
        if not self.graph.nodes:
            return f"{self.root.expression} has no graph."
        if self.graph.left_out:
            return f"The graph has more than {AT_MOST_NODES} nodes, too many for a preview."
        size = sum(_bytes_of(self.graph, output) for output in self.backward.foresight.reached)
        if size > AT_MOST_BYTES:
            return f"The gradients would take {size / 2**30:.1f} GiB, more than a preview may."
        return None

    def _without_certainty(self) -> str | None:
        foresight, call = self.backward.foresight, self.root.call
        if foresight.will_raise is not None:
            return foresight.will_raise.message
        if not foresight.sure or (call is not None and call.indirect):
            return f"What would run cannot be told: {foresight.doubt or 'not all could be read'}."
        if call is not None and not all(output.same for output in call.outputs):
            return f"{self.root.expression} is computed in the line itself: name a tensor that is there already."
        if not self._given_are_there():
            return "The gradient that the line gives is computed in the line itself."
        return None

    def run(self) -> tuple[dict[Output, torch.Tensor], list[str]]:
        """The gradients that arrive at each output, and why there are none."""
        torch = sys.modules["torch"]
        wanted = sorted(self.backward.foresight.reached, reverse=True)
        nodes = self.graph.nodes
        edges = tuple(torch.autograd.graph.GradientEdge(nodes[row], number) for row, number in wanted)
        roots = tuple(reading.tensor for reading in self.root.readings)
        readings = list(self.tensors.readings.values())
        with collector_held(), ExitStack() as stack:
            stack.enter_context(torch._C.DisableTorchFunction())
            stack.enter_context(torch._C._DisableTorchDispatch())
            stack.enter_context(_grads_kept(readings))
            with torch.no_grad():
                given = tuple(self._gradient_of(index, root) for index, root in enumerate(roots))
            stack.enter_context(_hooks_aside(readings))
            try:
                found = _run_engine(roots, given, edges)
            except _Intruder as intruder:
                return {}, [str(intruder)]
            except RuntimeError as error:
                return {}, [f"PyTorch refused it: {str(error).partition(chr(10))[0]}"]
        return {output: each for output, each in zip(wanted, found, strict=True) if each is not None}, []

    def tell(self, gradients: dict[Output, torch.Tensor], stop: int) -> Gradients:
        """As a watched backward tells: sums at nodes, and along each edge that alone leads to its output."""
        shapes, statistics = Shapes(), StatisticsTable(byte_budget=_NUMBERS)
        graph = self.graph
        keys = {row: key_of(graph.nodes[row]) for row, _ in gradients}
        rows = {
            output: (shapes.row(shape_of(gradient)), statistics.add(gradient)) for output, gradient in gradients.items()
        }
        return Gradients(
            kind="gradients",
            stop=stop,
            backward=0,
            site=None,
            raised=False,
            edges=self._edges(rows),
            nodes=NodeGradients(
                key=tuple(keys[row] for row, _ in rows),
                output_nr=tuple(number for _, number in rows),
                shape=tuple(shape for shape, _ in rows.values()),
                statistics=tuple(row for _, row in rows.values()),
            ),
            leaves=self._leaves(gradients, shapes, statistics),
            hooked=NOTHING_HOOKED,
            first_nonfinite=None,
            shapes=shapes.table(),
            statistics=statistics.columns(),
            left_out=0,
            not_shown=None,
        )

    def _choose(self, expression: str) -> Root:
        call = self._call_of(expression) if expression else backward_call(self.frame)
        for tensor in () if call is None else (*call.roots, *(call.inputs or ())):
            self.tensors.add(tensor)
        if expression and call is None:
            return Root((), expression, "line", None)
        return choose_root(call, self.tensors.readings, self.tensors.name_of)

    def _call_of(self, expression: str) -> BackwardCall | None:
        """A backward from a tensor that the expression names; it may hold no call."""
        try:
            tree = ast.parse(expression, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        found = operand(self.frame, tree)
        if found is None or not found.same:
            return None
        return BackwardCall(
            outputs=(found,),
            expression=expression,
            gradients=(Given(none=True),),
            accumulates=True,
            retains=True,
            inputs=None,
            inputs_known=True,
            allows_unused=True,
            indirect=False,
            unusual=False,
        )

    def _given_are_there(self) -> bool:
        call = self.root.call
        if call is None:
            return True
        return call.gradients is not None and all(each.none or each.tensor is not None for each in call.gradients)

    def _gradient_of(self, index: int, root: torch.Tensor) -> torch.Tensor:
        call = self.root.call
        given = None if call is None or call.gradients is None else call.gradients[index].tensor
        return sys.modules["torch"].ones_like(root) if given is None else given

    def _edges(self, rows: dict[Output, tuple[int, int]]) -> EdgeGradients:
        graph = self.graph
        foresight = self.backward.foresight
        into: dict[Output, list[int]] = {}
        for index, (source, target, number) in enumerate(
            zip(graph.sources, graph.targets, graph.input_nrs, strict=True)
        ):
            if source in foresight.ran:
                into.setdefault((target, number), []).append(index)
        starts = [(graph.row(reading.node), reading.output_nr) for reading in self.root.readings]
        alone = [
            (edges[0], *rows[output])
            for output, edges in into.items()
            if len(edges) == 1 and output in rows and output not in starts
        ]
        return EdgeGradients(
            source=tuple(key_of(graph.nodes[graph.sources[edge]]) for edge, _, _ in alone),
            position=tuple(graph.positions[edge] for edge, _, _ in alone),
            target=tuple(key_of(graph.nodes[graph.targets[edge]]) for edge, _, _ in alone),
            input_nr=tuple(graph.input_nrs[edge] for edge, _, _ in alone),
            shape=tuple(shape for _, shape, _ in alone),
            statistics=tuple(row for _, _, row in alone),
        )

    def _leaves(
        self, gradients: dict[Output, torch.Tensor], shapes: Shapes, statistics: StatisticsTable
    ) -> LeafGradients:
        """What ``.grad`` would become: the sum, where something is held already."""
        found: list[tuple[int, Any, int, int]] = []
        for (row, _), gradient in gradients.items():
            leaf = self.leaf_rows.get(row)
            if leaf is None or not leaf.requires_grad:
                continue
            with undisturbed():
                total = gradient if leaf.gradient is None else leaf.gradient + gradient
            was = "none" if leaf.gradient is None else "held"
            found.append((key_of(self.graph.nodes[row]), was, shapes.row(shape_of(total)), statistics.add(total)))
        key, was, shape, rows = zip(*found, strict=True) if found else ((),) * 4
        return LeafGradients(key=key, was=was, shape=shape, statistics=rows)


def _run_engine(roots: Any, given: Any, edges: Any) -> tuple[torch.Tensor | None, ...]:  # noqa: ANN401
    """Below our own tap, which would take it for the program's; no Python function runs meanwhile."""
    run = sys.modules["torch"].autograd.Variable._execution_engine.run_backward
    retain_graph, create_graph = True, False
    sys.setprofile(_intercept)
    try:
        return run(roots, given, retain_graph, create_graph, edges, allow_unreachable=True, accumulate_grad=False)
    finally:
        sys.setprofile(None)


def _intercept(frame: FrameType, event: str, _: object) -> None:
    """Stop a function that is about to run before its first line."""
    if event == "call":
        code = frame.f_code
        name = getattr(code, "co_qualname", code.co_name)
        raise _Intruder(f"Code of the program's would run: {name} ({code.co_filename}:{code.co_firstlineno}).")


@contextmanager
def _hooks_aside(readings: list[Reading]) -> Generator[None]:
    """Tensor hooks out of their tables, which are the very ones that the engine reads."""
    base = sys.modules["torch"]._C.TensorBase
    taken: list[tuple[dict[Any, Any], list[tuple[Any, Any]]]] = []
    try:
        for reading in readings:
            table = base._backward_hooks.__get__(reading.tensor)
            if table:
                taken.append((table, list(dict.items(table))))
                dict.clear(table)
        yield
    finally:
        for table, hooks in taken:
            table.update(hooks)


@contextmanager
def _grads_kept(readings: list[Reading]) -> Generator[None]:
    """``retain_grad()`` would keep what is computed: put back what was there."""
    base = sys.modules["torch"]._C.TensorBase
    retaining = [reading for reading in readings if reading.retains_grad == 1 and reading.graph_known]
    try:
        yield
    finally:
        for reading in retaining:
            base.grad.__set__(reading.tensor, reading.gradient)


def _bytes_of(graph: Graph, output: Output) -> int:
    row, number = output
    outputs = getattr(graph.nodes[row], "_input_metadata", ())
    if number >= len(outputs):
        return 0
    try:
        size = prod(map(int, outputs[number].shape))
    except RuntimeError:  # nested
        return 0
    return size * outputs[number].dtype.itemsize
