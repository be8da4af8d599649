"""What flowed in a backward of the program's own, keyed by node; numbers only."""

from dataclasses import dataclass
from typing import Literal

from .numbers import StatisticsColumns
from .sites import Site


@dataclass(frozen=True, kw_only=True)
class EdgeGradients:
    """One row an edge that a gradient flowed along, in the order in which they flowed.

    Attributes:
        source: Key of the node that sent it.
        position: Index in the source's ``next_functions``.
        target: Key of the node that it went to.
        input_nr: Which output of the target's forward it belongs to.
        shape: Shape row.
        statistics: Row of the message's statistics; -1 where values were not read.
    """

    source: tuple[int, ...]
    position: tuple[int, ...]
    target: tuple[int, ...]
    input_nr: tuple[int, ...]
    shape: tuple[int, ...]
    statistics: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class NodeGradients:
    """One row a node: the sum that arrived there, in the order in which the nodes ran.

    Attributes:
        key: Key of the node.
        output_nr: Which output of the node's forward.
        shape: Shape row.
        statistics: Row of the message's statistics; -1 where values were not read.
    """

    key: tuple[int, ...]
    output_nr: tuple[int, ...]
    shape: tuple[int, ...]
    statistics: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class LeafGradients:
    """One row a leaf that the backward reached: what its ``.grad`` became.

    Attributes:
        key: Key of its AccumulateGrad node.
        was: What ``.grad`` was before: nothing, or something that was added to.
        shape: Shape row of ``.grad`` after the backward, -1 when it is None.
        statistics: Row of the message's statistics for ``.grad`` after the backward.
    """

    key: tuple[int, ...]
    was: tuple[Literal["none", "held"], ...]
    shape: tuple[int, ...]
    statistics: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Gradients:
    """One backward.

    Attributes:
        stop: Number of the stop that it followed.
        backward: Serial of the backward call in the process, from 1.
        site: The line of the user's that called it.
        raised: It ended with an exception.
        left_out: Nodes of the graph that were not watched, for a bound.
    """

    kind: Literal["gradients"]
    stop: int
    backward: int
    site: Site | None
    raised: bool
    shapes: tuple[tuple[int, ...], ...]
    statistics: StatisticsColumns
    edges: EdgeGradients
    nodes: NodeGradients
    leaves: LeafGradients
    left_out: int
