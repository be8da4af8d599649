"""Which operation of a forward pass made the first value that is not finite, as far as saved tensors tell."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from ..capture.guards import is_plain_on_cpu, undisturbed
from ..capture.saved import can_look
from .graph import walk

if TYPE_CHECKING:
    import torch

    Node = torch.autograd.graph.Node

_NODES = 2000
_ELEMENTS = 1 << 22  # looked at in all
_NO_SEQUENCE = 1 << 63
_RAW = "_raw_saved_"
_RESULTS = frozenset(("result", "output", "result0", "result1", "grid"))
_INPUTS = {"self": 0, "other": 1, "mat1": 0, "mat2": 1, "input": 0, "exponent": 1}


class Source(NamedTuple):
    """Name of the node's type, and its sequence number."""

    name: str
    sequence: int


def source_of(roots: list[Node]) -> Source | None:
    """The node whose inputs were finite and whose result is not; None when none can be told.

    NOTE [who may be asked]: what was packed by a hook is not unpacked, and nothing is read off the CPU.
    """
    if not can_look():
        return None
    nodes = [node for node in walk(roots, at_most=_NODES).nodes if node._sequence_nr() < _NO_SEQUENCE]
    budget = [_ELEMENTS]
    with undisturbed():
        for node in sorted(nodes, key=_sequence):
            bad = {name for name in _saved(node) if _is_spoilt(node, name, budget)}
            if not bad:
                continue
            if bad <= _RESULTS:
                return Source(type(node).__name__, node._sequence_nr())
            return _producer(node, bad)
    return None


def _sequence(node: Node) -> int:
    return node._sequence_nr()


def _saved(node: Node) -> list[str]:
    return [name.removeprefix(_RAW) for name in dir(type(node)) if name.startswith(_RAW)]


def _is_spoilt(node: Node, name: str, budget: list[int]) -> bool:
    try:
        raw: Any = getattr(node, _RAW + name)
    except RuntimeError:  # freed
        return False
    if type(raw) is tuple or raw.unpack_hook is not None:
        return False
    data = raw.data
    if data is None or not is_plain_on_cpu(data) or not data.is_floating_point() or data.numel() > budget[0]:
        return False
    budget[0] -= data.numel()
    return not bool(sys.modules["torch"].isfinite(data).all())


def _producer(node: Node, bad: set[str]) -> Source | None:
    """Who made an input that is not finite; None for data and parameters."""
    inputs = [target for target, _ in node.next_functions]
    named = [inputs[_INPUTS[name]] for name in bad if _INPUTS.get(name, len(inputs)) < len(inputs)]
    made = [each for each in named or inputs if each is not None and each._sequence_nr() < _NO_SEQUENCE]
    return Source(type(made[0]).__name__, made[0]._sequence_nr()) if len(made) == 1 else None
