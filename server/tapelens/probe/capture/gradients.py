"""What flows along the edges of a graph in the program's own backward: numbers, and nothing kept."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ...wire.gradients import EdgeGradients, Gradients, HookedGradients, LeafGradients, NodeGradients
from ...wire.sites import Site
from ..keys import key_of
from .graph import ACCUMULATE_GRAD, Graph, walk_graph
from .reading import shape_of
from .statistics import StatisticsTable
from .tables import Shapes

if TYPE_CHECKING:
    import torch

    Node = torch.autograd.graph.Node

AT_MOST_NODES = 20_000
_BYTE_BUDGET = 64 << 20
_TIME_BUDGET_NS = 1_000_000_000


class _Edge(NamedTuple):
    """Where a node's gradient goes."""

    source: int
    position: int
    target: int
    input_nr: int


class _Flow(NamedTuple):
    """A gradient that went along an edge."""

    source: int
    position: int
    target: int
    input_nr: int
    shape: int
    statistics: int


class _Leaf(NamedTuple):
    """A leaf that may be added to, held while its backward runs."""

    key: int
    tensor: torch.Tensor
    was: Literal["none", "held"]


class Watched:
    """One backward that runs with our hooks in its graph.

    NOTE [hooks that keep nothing]: a hook that kept the gradients it is shown would turn the leaf's
    ``.grad``, which PyTorch makes of the very tensor that arrives, into a copy. These read numbers
    and return None. A leaf's node gets no post hook: one would count as a user of the gradient.
    """

    def __init__(self, graph: Graph, *, stop: int, call: int, site: Site | None) -> None:
        self.stop, self.call, self.site = stop, call, site
        self.left_out = graph.left_out
        self.shapes = Shapes()
        self.statistics = StatisticsTable(byte_budget=_BYTE_BUDGET)
        self.edges: list[_Flow] = []
        self.nodes: list[tuple[int, int, int, int]] = []
        self.leaves: list[_Leaf] = []
        self._reached: set[int] = set()
        self._handles: list[Any] = []
        self._until = time.perf_counter_ns() + _TIME_BUDGET_NS
        self._lock = threading.Lock()  # an accelerator's nodes run on threads of the engine's
        self._put_hooks(graph)

    def close(self) -> None:
        """Take all hooks out, hold nothing more."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self.leaves = []

    def leaf_rows(self) -> list[tuple[int, Literal["none", "held"], int, int]]:
        """What the ``.grad`` of each leaf that was reached is now."""
        rows: list[tuple[int, Literal["none", "held"], int, int]] = []
        for leaf in self.leaves:
            if leaf.key not in self._reached:
                continue
            gradient = _grad_of(leaf.tensor)
            shape, statistics = (-1, -1) if gradient is None else self._read(gradient)
            rows.append((leaf.key, leaf.was, shape, statistics))
        return rows

    def _put_hooks(self, graph: Graph) -> None:
        keys = [key_of(node) for node in graph.nodes]
        edges: dict[int, dict[int, _Edge]] = {}
        for row, position, target, input_nr in zip(
            graph.sources, graph.positions, graph.targets, graph.input_nrs, strict=True
        ):
            edges.setdefault(row, {})[position] = _Edge(keys[row], position, keys[target], input_nr)
        for row, node in enumerate(graph.nodes):
            self._handles.append(node.register_prehook(self._arrival(keys[row])))
            if graph.names[row] == ACCUMULATE_GRAD:
                leaf: torch.Tensor = node.variable  # pyright: ignore[reportAttributeAccessIssue]
                self.leaves.append(_Leaf(keys[row], leaf, "none" if _grad_of(leaf) is None else "held"))
            elif row in edges:
                self._handles.append(node.register_hook(self._departure(edges[row])))

    def _arrival(self, key: int) -> Callable[[tuple[torch.Tensor, ...]], None]:
        def sum_arrives(gradients: tuple[torch.Tensor | None, ...]) -> None:
            try:
                with self._lock:
                    self._reached.add(key)
                    for output_nr, gradient in enumerate(gradients):
                        if gradient is not None:
                            self.nodes.append((key, output_nr, *self._read(gradient)))
            except Exception:  # a number is missing; the backward is the user's
                return

        return sum_arrives

    def _departure(
        self, edges: dict[int, _Edge]
    ) -> Callable[[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]], None]:
        def leaves_node(inputs: tuple[torch.Tensor | None, ...], _outputs: object) -> None:
            try:
                with self._lock:
                    for position, gradient in enumerate(inputs):
                        edge = edges.get(position)
                        if gradient is not None and edge is not None:
                            shape, statistics = self._read(gradient)
                            self.edges.append(_Flow(*edge, shape, statistics))
            except Exception:
                return

        return leaves_node

    def _read(self, gradient: torch.Tensor) -> tuple[int, int]:
        """Shape row and statistics row."""
        with sys.modules["torch"]._C.DisableTorchFunction():
            shape = self.shapes.row(shape_of(gradient))
        return shape, self.statistics.add(gradient) if time.perf_counter_ns() < self._until else -1


class GradientWatch:
    """Armed by a stop, it watches the next backward and tells what flowed.

    Args:
        tell: Takes the message, on the thread that ran the backward.
    """

    def __init__(self, tell: Callable[[Gradients], None]) -> None:
        self._tell = tell
        self._stop: int | None = None

    @property
    def is_armed(self) -> bool:
        """The next backward will be watched."""
        return self._stop is not None

    def arm(self, stop: int) -> None:
        """A stop was captured: its graph's next backward is of interest."""
        self._stop = stop

    def before_backward(self, roots: Iterable[Node], *, call: int, site: Site | None) -> Watched | None:
        """Put hooks into the graph that is about to run, if a stop was captured since the last time."""
        stop, self._stop = self._stop, None
        if stop is None or _is_compiled():
            return None
        return Watched(walk_graph(roots, at_most=AT_MOST_NODES), stop=stop, call=call, site=site)

    def after_backward(self, watched: Watched, *, raised: bool) -> None:
        """Read what ``.grad`` became, take the hooks out and tell."""
        try:
            leaves = watched.leaf_rows()
        finally:
            watched.close()
        source, position, target, input_nr, edge_shape, edge_statistics = _columns(watched.edges, 6)
        key, output_nr, node_shape, node_statistics = _columns(watched.nodes, 4)
        leaf, was, leaf_shape, leaf_statistics = _columns(leaves, 4)
        self._tell(
            Gradients(
                kind="gradients",
                stop=watched.stop,
                backward=watched.call,
                site=watched.site,
                raised=raised,
                shapes=watched.shapes.table(),
                statistics=watched.statistics.columns(),
                edges=EdgeGradients(
                    source=source,
                    position=position,
                    target=target,
                    input_nr=input_nr,
                    shape=edge_shape,
                    statistics=edge_statistics,
                ),
                nodes=NodeGradients(key=key, output_nr=output_nr, shape=node_shape, statistics=node_statistics),
                leaves=LeafGradients(key=leaf, was=was, shape=leaf_shape, statistics=leaf_statistics),
                hooked=HookedGradients(key=(), output_nr=(), where=(), before=(), after=(), changed=()),
                first_nonfinite=None,
                left_out=watched.left_out,
            )
        )


def _columns(rows: list[Any], count: int) -> Any:  # noqa: ANN401 (as many tuples as there are columns)
    return tuple(zip(*rows, strict=True)) if rows else ((),) * count


def _grad_of(leaf: torch.Tensor) -> torch.Tensor | None:
    torch = sys.modules["torch"]
    with torch._C.DisableTorchFunction():
        return torch._C.TensorBase.grad.__get__(leaf)


def _is_compiled() -> bool:
    """Compiled autograd would trace our hooks into the user's program."""
    compiled = sys.modules.get("torch._dynamo.compiled_autograd")
    return bool(
        getattr(compiled, "compiled_autograd_enabled", False) or getattr(compiled, "in_compiled_autograd_region", False)
    )
