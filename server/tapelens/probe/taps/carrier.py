"""After a backward raised for a freed graph: which tensor brought that graph, and who freed it."""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from ...wire.sites import Site
from ..capture.graph import Graph, walk_graph
from ..capture.guards import undisturbed
from ..capture.reading import read_tensor
from ..capture.saved import SavedReader
from ..keys import key_of
from .graph import AT_MOST, upwards
from .marks import Marks
from .names import nearest_frames, reach

if TYPE_CHECKING:
    import torch


class Carrier(NamedTuple):
    """What brought the freed graph; None where it is not known.

    Attributes:
        name: What the user calls the tensor.
        freed_by: Where the backward ran that freed it.
    """

    name: str | None
    freed_by: Site | None


class _Seen(NamedTuple):
    """A tensor of a frame, and the row of its node."""

    row: int
    name: str


def find_carrier(
    roots: list[torch.autograd.graph.Node], frame: FrameType | None, *, call: int, marks: Marks
) -> Carrier:
    """Look from the call's roots into the frames that run.

    Args:
        roots: Of the call that raised.
        frame: Of that call.
        call: Its serial: what it marked itself is not what freed.
        marks: Who ran which node.
    """
    with undisturbed():
        graph = walk_graph(roots, at_most=AT_MOST)
        old = _freed_rows(graph, call, marks)
        if not old:
            return Carrier(None, None)
        # The engine runs the newest node first: that one raised.
        newest = max(old)
        freed_by = marks.site_of(key_of(graph.nodes[newest]))
        above = upwards(old, zip(graph.sources, graph.targets, strict=True))
        root_rows = {graph.row(root) for root in roots}
        for each in nearest_frames(frame):
            seen = list(_tensors(each, graph))
            direct = [tensor for tensor in seen if tensor.row in old]
            if direct:  # itself part of the freed graph: the one nearest to the call
                return Carrier(max(direct).name, freed_by)
            through = [tensor for tensor in seen if tensor.row in above and tensor.row not in root_rows]
            if through:  # made from what was freed: the first one made
                return Carrier(min(through).name, freed_by)
        return Carrier(None, freed_by)


def _freed_rows(graph: Graph, call: int, marks: Marks) -> set[int]:
    """Nodes that an earlier call ran and that no longer hold what they saved.

    This call has freed nodes too, before it raised: only marks tell whose they are.
    """
    reader = SavedReader()
    marked = [row for row, node in enumerate(graph.nodes) if marks.call_of(key_of(node)) not in {None, call}]
    return {row for row in marked if reader.read(graph.nodes[row]).state != "alive"}


def _tensors(frame: FrameType, graph: Graph) -> Iterator[_Seen]:
    """Non-leaf tensors that the frame reaches and that belong to the graph."""
    for named in reach(frame).tensors.values():
        row = graph.row(read_tensor(named.tensor).node)
        if row >= 0:
            yield _Seen(row, named.names[0])
