"""What a graph keeps for backward, in bytes; asked only when a rule is about to speak."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..capture.guards import undisturbed
from ..capture.reading import storage_of
from ..capture.saved import SavedReader
from .graph import leaves, walk

if TYPE_CHECKING:
    import torch

_NODES = 5000


def kept_bytes(roots: list[torch.autograd.graph.Node]) -> int | None:
    """Of the graph below the roots, parameters apart; None where nothing of it can be told."""
    if not roots:
        return None
    with undisturbed():
        nodes = walk(roots, at_most=_NODES).nodes
        reader = SavedReader()
        apart = {storage[0] for leaf in leaves(nodes) if (storage := storage_of(leaf)) is not None}
        sizes: dict[int, int] = {}
        for node in nodes:
            for slot in reader.read(node).slots:
                if slot.storage is not None and slot.storage[0] not in apart:
                    sizes[slot.storage[0]] = slot.storage[1]
    return sum(sizes.values()) or None
