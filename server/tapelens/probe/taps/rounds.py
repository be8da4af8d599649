"""A thread's iterations, as its backwards and steps tell them, and graphs made in them that still live."""

from __future__ import annotations

import weakref
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    Node = torch.autograd.graph.Node

_ENTRY = "_tapelens_graph"
_STARTS = 1024  # iterations whose beginnings are remembered
_SENTINELS = 2048


@dataclass(slots=True)
class Rounds:
    """Iterations of one thread: from an optimizer's step to its next, else between calls of one backward site.

    Attributes:
        loop: Serial of it.
        number: Of the iteration that runs, from 1.
        starts: The sequence clock as the first backward of each of the last iterations began.
        steps_seen: An optimizer has stepped here.
    """

    loop: int
    number: int = 0
    starts: deque[int] = field(default_factory=lambda: deque[int](maxlen=_STARTS))
    steps_seen: bool = False
    _stepped: bool = False
    _sites: set[object] = field(default_factory=set[object])

    def step_ended(self) -> None:
        """An optimizer's outermost step is through."""
        self.steps_seen = self._stepped = True

    def backward_begins(self, site: object, *, in_step: bool, clock: int) -> bool:
        """Whether an iteration begins with it.

        NOTE [two losses, one iteration]: a site that comes again after a step begins the next one, so that
        generator and critic, or the parts of an accumulated batch, are of the same.
        """
        goes_on = (self.steps_seen or in_step) and not self._stepped
        if self.number and (site not in self._sites or goes_on):
            self._sites.add(site)
            return False
        self.number += 1
        self.starts.append(clock)
        self._stepped = False
        self._sites = {site}
        return True


class Sentinel:
    """Lies in the metadata of a node and lives as long as that."""

    __slots__ = ("__weakref__",)


class Sentinels:
    """Nodes of iterations, not one of them held.

    NOTE [a death is noted without Python]: what is called as a sentinel goes is the ``append`` of a deque.
    No code of ours runs where a graph is freed: not on the engine's threads, not while the interpreter ends.
    """

    def __init__(self) -> None:
        self._iterations: dict[weakref.ref[Sentinel], int] = {}
        self._living: dict[int, int] = {}
        self._dead: deque[weakref.ref[Sentinel]] = deque()
        self._note_death = self._dead.append

    def put(self, node: Node, iteration: int) -> None:
        """Watch a node, unless it is watched already."""
        metadata: Any = node.metadata  # declared as a method, and is none
        if _ENTRY in metadata:
            return
        sentinel = metadata[_ENTRY] = Sentinel()
        self._iterations[weakref.ref(sentinel, self._note_death)] = iteration
        self._living[iteration] = self._living.get(iteration, 0) + 1
        if len(self._iterations) > _SENTINELS:
            self._forget(next(iter(self._iterations)))

    def has(self, node: Node) -> bool:
        """Whether the node is watched here."""
        metadata: Any = node.metadata
        sentinel = metadata.get(_ENTRY)
        return sentinel is not None and weakref.ref(sentinel) in self._iterations

    def alive(self) -> dict[int, int]:
        """Nodes that live, by iteration, in the order in which iterations began."""
        while self._dead:
            self._forget(self._dead.popleft())
        return self._living

    def _forget(self, reference: weakref.ref[Sentinel]) -> None:
        iteration = self._iterations.pop(reference, None)
        if iteration is None:
            return
        left = self._living[iteration] - 1
        if left:
            self._living[iteration] = left
        else:
            del self._living[iteration]
