"""One backward with our hooks in its graph."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ....wire.sites import Site
from ...guard import describe
from ...keys import key_of
from ..graph import ACCUMULATE_GRAD, Graph
from ..guards import undisturbed
from .ledger import Ledger
from .measuring import Look
from .probes import HookedOutput, Probe, See, Table, interleave, tables_of_leaf, users_of
from .records import Edge, Leaf, LeafRow
from .stages import Accumulated, Arriving, AtTensor, Leaving, grad_of, plain_arrival, plain_departure

if TYPE_CHECKING:
    import torch

    Node = torch.autograd.graph.Node


class Watched:
    """A backward that runs.

    NOTE [hooks that keep nothing]: a hook that kept the gradients it is shown would turn the leaf's
    ``.grad``, which PyTorch makes of the very tensor that arrives, into a copy. Ours read numbers
    and return None. A leaf's node gets no post hook: one would count as a user of the gradient.

    NOTE [whose gradients]: other backwards may run through the same nodes meanwhile, on another
    thread or inside this one. The engine numbers its calls; ours is the one that began at a root.

    Attributes:
        names: Type and sequence number of each node, by key.
        left_out: Nodes that are not watched.
        fault: What went wrong in a hook of ours, in one line.
    """

    def __init__(
        self, graph: Graph, roots: Iterable[Node], *, stop: int, call: int, site: Site | None, alone: Callable[[], bool]
    ) -> None:
        self.stop, self.call, self.site = stop, call, site
        self.ledger = Ledger(frozenset(key_of(root) for root in roots))
        self.names: dict[int, tuple[str, int]] = {}
        self.left_out = graph.left_out
        self.fault = ""
        self._alone = alone
        self._roots = {key_of(root) for root in roots}
        self._leaves: list[Leaf] = []
        self._reached: set[int] = set()
        self._take_out: list[Callable[[], object]] = []
        self._thread = threading.get_ident()
        self._task: int | None = None
        self._task_now: Callable[[], int] = sys.modules["torch"]._C._current_graph_task_id
        self._lock = threading.RLock()  # an accelerator's nodes run on threads of the engine's

    def close(self) -> None:
        """Take all hooks out, hold nothing more."""
        for take_out in self._take_out:
            take_out()
        self._take_out = []
        self._leaves = []

    def leaf_rows(self) -> list[LeafRow]:
        """What the ``.grad`` of each leaf that was reached is now."""
        rows: list[LeafRow] = []
        with undisturbed():
            for leaf in self._leaves:
                if leaf.key not in self._reached:
                    continue
                try:
                    if self._alone():  # NOTE [gradients of other threads] in taps/held.py
                        rows.append(self._leaf_row(leaf))
                    else:
                        self.left_out += 1
                except Exception as fault:  # this leaf's row is missing; what flowed is told
                    self.fault = self.fault or describe(fault)
        return rows

    def _leaf_row(self, leaf: Leaf) -> LeafRow:
        gradient = grad_of(leaf.tensor)
        if gradient is None:
            return LeafRow(leaf.key, leaf.was, -1, -1)
        look = self._look_at_grad(leaf, gradient)
        return LeafRow(leaf.key, leaf.was, look.shape, look.row)

    def _look_at_grad(self, leaf: Leaf, gradient: torch.Tensor) -> Look:
        arrived = self.ledger.given(leaf.key) if leaf.was == "none" else ()
        return self.ledger.meter.look_at_grad(gradient, arrived[0] if len(arrived) == 1 else None)

    # -- hooks in ---------------------------------------------------------------------------------------

    def put_hooks(self, graph: Graph, hooked: Iterable[HookedOutput]) -> None:
        """Hook every node, and put looks between the user's hooks that are known."""
        keys = [key_of(node) for node in graph.nodes]
        self.names = dict(zip(keys, zip(graph.names, graph.sequences, strict=True), strict=True))
        edges: dict[int, dict[int, Edge]] = {}
        for row, position, target, input_nr in zip(
            graph.sources, graph.positions, graph.targets, graph.input_nrs, strict=True
        ):
            edges.setdefault(row, {})[position] = Edge(keys[row], position, keys[target], input_nr)
        for row, node in enumerate(graph.nodes):
            try:
                self._hook_node(node, keys[row], edges.get(row), is_leaf=graph.names[row] == ACCUMULATE_GRAD)
            except (AttributeError, RuntimeError, TypeError):  # a kind of node that takes no hooks
                self.left_out += 1
        for output in hooked:
            table = output.table()
            if table is not None and output.key in self.names:
                self._hook_tensor(table, output.key, output.output_nr)
        self.ledger.is_whole = not self.left_out

    def _hook_node(self, node: Node, key: int, edges: dict[int, Edge] | None, *, is_leaf: bool) -> None:
        ledger = self.ledger
        arrival = self._guarded(plain_arrival(ledger, key), key)
        self._hook(node.register_prehook, arrival, lambda users: Arriving(ledger, key, users).see, key)
        if is_leaf:
            self._hook_leaf(node.variable, key)  # pyright: ignore[reportAttributeAccessIssue]
        elif edges is not None:
            departure = self._guarded(plain_departure(ledger, key, edges), key)
            self._hook(node.register_hook, departure, lambda users: Leaving(ledger, key, edges, users).see, key)

    def _hook(self, register: Callable[..., Any], plain: See, stage: Callable[[list[str]], See], key: int) -> None:
        """Hook a node where its own hooks of this kind are; ``plain`` is for one that has none of the user's."""
        handle = register(Probe(0, plain))
        table: Table = handle.hooks_dict_ref()
        if len(table) > 1 and (users := users_of(table)):
            handle.remove()
            self._take_out.append(interleave(table, users, self._guarded(stage(list(users.values())), key)))
        else:
            self._take_out.append(handle.remove)

    def _hook_leaf(self, leaf: torch.Tensor, key: int) -> None:
        if not self._alone():
            self.left_out += 1
            return
        self._leaves.append(Leaf(key, leaf, "none" if grad_of(leaf) is None else "held"))
        before, after = tables_of_leaf(leaf)
        if before is not None:
            self._hook_tensor(before, key, 0)
        if after is not None and (users := users_of(after)):
            see = self._guarded(Accumulated(self.ledger, key, list(users.values())).see, key)
            self._take_out.append(interleave(after, users, see))

    def _hook_tensor(self, table: Table, key: int, output_nr: int) -> None:
        if users := users_of(table):
            see = self._guarded(AtTensor(self.ledger, key, output_nr, list(users.values())).see, key)
            self._take_out.append(interleave(table, users, see))

    # -- hooks called -----------------------------------------------------------------------------------

    def _guarded(self, see: See, key: int) -> See:
        c = sys.modules["torch"]._C

        def seen(index: int, given: tuple[Any, ...]) -> None:
            begun = time.perf_counter_ns()
            try:
                with self._lock:
                    if self._is_ours(key):
                        self._reached.add(key)
                        with c.DisableTorchFunction(), c._DisableTorchDispatch(), c._AutoDispatchBelowAutograd():
                            see(index, given)  # as ``undisturbed``, in half the time
            except Exception as fault:  # a number is missing; the backward is the user's
                self.fault = self.fault or describe(fault)
            self.ledger.meter.spend(time.perf_counter_ns() - begun)

        return seen

    def _is_ours(self, key: int) -> bool:
        task = self._task_now()
        if self._task is None and key in self._roots and self._may_begin():
            self._task = task
        return task == self._task

    def _may_begin(self) -> bool:
        """On our thread, or on one of the engine's own."""
        thread = threading.get_ident()
        return thread == self._thread or thread not in threading._active  # pyright: ignore[reportAttributeAccessIssue]
