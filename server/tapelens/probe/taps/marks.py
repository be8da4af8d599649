"""Which backward ran a node: the memory behind "freed by"."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...wire.sites import Site
from ..keys import key_of

if TYPE_CHECKING:
    import torch

_NODES = 1 << 16
_CALLS = 1 << 12


class Marks:
    """Nodes, by key, and the call that freed what they saved; bounded, the oldest goes first."""

    def __init__(self) -> None:
        self._sites: dict[int, Site] = {}
        self._nodes: dict[int, int] = {}
        self._order: deque[int] = deque()  # their keys: a dict's first one is searched for past all that went before

    def ran(self, call: int, nodes: Iterable[torch.autograd.graph.Node], *, site: Site) -> None:
        """A call that retains nothing is about to run these nodes, of its graph the roots at least.

        A node that an earlier call has run keeps that call: this one will raise there.
        """
        self._sites[call] = site
        if len(self._sites) > _CALLS:
            del self._sites[next(iter(self._sites))]
        for node in nodes:
            key = key_of(node)
            if key not in self._nodes:
                self._nodes[key] = call
                self._order.append(key)
        while len(self._nodes) > _NODES:
            self._nodes.pop(self._order.popleft(), None)

    def call_of(self, key: int) -> int | None:
        """The call that ran the node, if it is remembered."""
        return self._nodes.get(key)

    def site_of(self, key: int) -> Site | None:
        """Where the user made that call."""
        return self._sites.get(self._nodes.get(key, 0))
