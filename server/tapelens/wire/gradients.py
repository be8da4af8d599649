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
class HookedGradients:
    """One row a gradient that passed hooks of the user's, before and after them all.

    Attributes:
        key: Key of the node whose forward's output the hooks belong to.
        output_nr: Which output; after the node ran, the position of the edge.
        where: On the tensor, before or after the node ran, or on a leaf after its ``.grad`` was accumulated.
        before: Row of the message's statistics for what the first hook was given.
        after: Row for what the last one left; the same as ``before`` when no hook changed it.
        changed: 1 when the hooks changed it, 0 when not, -1 unknown.
    """

    key: tuple[int, ...]
    output_nr: tuple[int, ...]
    where: tuple[Literal["tensor", "node_pre", "node_post", "post_accumulate"], ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    changed: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class FirstNonFinite:
    """The first node that was given finite gradients and sent on a NaN or an infinite one.

    Attributes:
        key: Its key; 0 when the gradient that the backward began with was not finite.
        position: Index in its ``next_functions`` of the edge; -1 where a hook made it so, or, no hook being
            named, the sum of what came along several edges.
        name: The node's type, such as ``SqrtBackward0``.
        nan: Elements that became NaN.
        inf: Elements that became infinite.
        site: The line that made the node, when known.
        module: The module path, empty when unknown.
        hook: Name of the hook that did it, empty when it was the node's own work.
    """

    key: int
    position: int
    name: str
    nan: int
    inf: int
    site: Site | None
    module: str
    hook: str


@dataclass(frozen=True, kw_only=True)
class Gradients:
    """One backward.

    Attributes:
        stop: Number of the stop that it followed.
        backward: Serial of the backward call in the process, from 1.
        site: The line of the user's that called it.
        raised: It ended with an exception.
        left_out: Nodes of the graph that were not watched, or at which it was not read whether a gradient was finite.
        not_shown: Why nothing was watched, None where it was.
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
    hooked: HookedGradients
    first_nonfinite: FirstNonFinite | None
    left_out: int
    not_shown: str | None
