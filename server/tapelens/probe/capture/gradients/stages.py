"""What a hook of ours does at each place that the engine calls hooks at.

NOTE [order of the engine]: for each node run the hooks of the tensors that it made, those that keep
``.grad`` of non-leaves, the node's own pre hooks, the node, its post hooks; at a leaf, which has no
post hook of ours, those that follow the accumulation.

Source:
    ``call_function`` in torch/csrc/autograd/engine.cpp.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .ledger import Ledger, finite
from .measuring import Look
from .probes import See
from .records import Edge, Where

if TYPE_CHECKING:
    import torch

Gradients = tuple["torch.Tensor | None", ...]


class _Stage:
    """A place of hooks at one node; ``see`` is called before the user's first and after each."""

    where: Where

    def __init__(self, ledger: Ledger, key: int, users: list[str]) -> None:
        self._ledger = ledger
        self._key = key
        self._users = users
        self._first: dict[int, Look] = {}
        self._last: dict[int, Look | None] = {}

    def _meet(self, output_nr: int, gradient: torch.Tensor) -> Look:
        """The first look."""
        raise NotImplementedError

    def _pass(self, index: int, gradients: dict[int, torch.Tensor | None]) -> None:
        """What hook number ``index`` was the last to have; 0 is before the first."""
        if index == 0:
            self._first = {nr: self._meet(nr, each) for nr, each in gradients.items() if each is not None}
            self._last = dict(self._first)
            return
        for nr, gradient in gradients.items():
            before = self._last.get(nr)
            if gradient is None:
                self._last[nr] = None
                continue
            after = self._last[nr] = self._ledger.meter.look(gradient, () if before is None else (before,))
            if before is None:
                self._first[nr] = after
            elif after is not before:
                self._ledger.judge(self._key, -1, before.finite, after, self._users[index - 1])
                self._left(nr, after)
        if index == len(self._users):
            self._ledger.passed_hooks(self._key, self.where, self._first, self._last)

    def _left(self, output_nr: int, look: Look) -> None:
        """A hook of the user's gave back another gradient, or changed this one."""


class AtTensor(_Stage):
    """Hooks of a tensor."""

    where = "tensor"

    def __init__(self, ledger: Ledger, key: int, output_nr: int, users: list[str]) -> None:
        super().__init__(ledger, key, users)
        self._output_nr = output_nr

    def see(self, index: int, given: tuple[Any, ...]) -> None:
        """A hook of a tensor gets its gradient."""
        self._pass(index, {self._output_nr: given[0]})

    def _meet(self, output_nr: int, gradient: torch.Tensor) -> Look:
        return self._ledger.meet(self._key, output_nr, gradient)

    def _left(self, output_nr: int, look: Look) -> None:
        self._ledger.replaced(self._key, output_nr, look)


class Arriving(_Stage):
    """Pre hooks of a node, and the node's turn."""

    where = "node_pre"

    def see(self, index: int, given: tuple[Any, ...]) -> None:
        """A pre hook gets a gradient for each output."""
        gradients: Gradients = given[0]
        if self._users:
            self._pass(index, dict(enumerate(gradients)))
        if index == len(self._users):
            for output_nr, gradient in enumerate(gradients):
                if gradient is not None:
                    self._ledger.arrive(self._key, output_nr, gradient)

    def _meet(self, output_nr: int, gradient: torch.Tensor) -> Look:
        return self._ledger.meet(self._key, output_nr, gradient)

    def _left(self, output_nr: int, look: Look) -> None:
        self._ledger.replaced(self._key, output_nr, look)


class Leaving(_Stage):
    """Post hooks of a node, and what it sent."""

    where = "node_post"

    def __init__(self, ledger: Ledger, key: int, edges: dict[int, Edge], users: list[str]) -> None:
        super().__init__(ledger, key, users)
        self._edges = edges
        self._given: tuple[Look, ...] = ()

    def see(self, index: int, given: tuple[Any, ...]) -> None:
        """A post hook gets what goes along each edge, and what had arrived."""
        sent: Gradients = given[0]
        if index == 0:
            self._given = self._ledger.given(self._key)
        self._pass(index, {position: each for position, each in enumerate(sent) if position in self._edges})
        if index == len(self._users):
            for position, look in self._last.items():
                if look is not None:
                    self._ledger.depart(self._edges[position], look)

    def _meet(self, output_nr: int, gradient: torch.Tensor) -> Look:
        look = self._ledger.meter.look(gradient, self._given)
        self._ledger.judge(self._key, output_nr, finite(self._given), look)
        return look


class Accumulated(_Stage):
    """Hooks of a leaf that follow the accumulation."""

    where = "post_accumulate"

    def see(self, index: int, given: tuple[Any, ...]) -> None:
        """Such a hook gets the leaf."""
        self._pass(index, {0: grad_of(given[0])})

    def _meet(self, output_nr: int, gradient: torch.Tensor) -> Look:  # noqa: ARG002 (a leaf has one)
        return self._ledger.meter.look(gradient)


def plain_arrival(ledger: Ledger, key: int) -> See:
    """As ``Arriving`` where the user has no hooks, in less time."""

    def arrives(_index: int, given: tuple[Any, ...]) -> None:
        for output_nr, gradient in enumerate(given[0]):
            if gradient is not None:
                ledger.arrive(key, output_nr, gradient)

    return arrives


def plain_departure(ledger: Ledger, key: int, edges: dict[int, Edge]) -> See:
    """As ``Leaving`` where the user has no hooks, in less time."""

    def leaves(_index: int, given: tuple[Any, ...]) -> None:
        arrived = ledger.given(key)
        before = finite(arrived)
        sent: Gradients = given[0]
        for position, edge in edges.items():
            gradient = sent[position]
            if gradient is not None:
                look = ledger.meter.look(gradient, arrived)
                ledger.judge(key, position, before, look)
                ledger.depart(edge, look)

    return leaves


def grad_of(leaf: torch.Tensor) -> torch.Tensor | None:
    """Its ``.grad``."""
    torch = sys.modules["torch"]
    with torch._C.DisableTorchFunction():
        return torch._C.TensorBase.grad.__get__(leaf)
