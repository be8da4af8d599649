"""Names for autograd nodes that are never used twice in a process."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_ENTRY = "_tapelens_key"
_serials = itertools.count(1)


def key_of(node: torch.autograd.graph.Node) -> int:
    """The node's serial, given when first asked for.

    NOTE [keys in metadata]: the Python object of a node comes and goes, ``id`` is recycled and a
    sequence number is per thread; ``metadata`` lives exactly as long as the node itself.
    """
    metadata: Any = node.metadata  # declared as a method, and is none
    key = metadata.get(_ENTRY)
    if key is None:
        key = metadata[_ENTRY] = next(_serials)
    return key


def keys_of(nodes: Iterable[torch.autograd.graph.Node]) -> list[int]:
    """As ``key_of``, for many."""
    keys: list[int] = []
    serials = _serials
    for node in nodes:
        metadata: Any = node.metadata
        key = metadata.get(_ENTRY)
        if key is None:
            key = metadata[_ENTRY] = next(serials)
        keys.append(key)
    return keys
