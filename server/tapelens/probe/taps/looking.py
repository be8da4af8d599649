"""Looking at the graph that a call is about to run: all of it in some calls, else its roots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING

from ...events import SilentChange
from ...wire.sites import Site
from .calls import calls_besides
from .graph import Roots, Walked, leaves, walk
from .held import HeldGradients
from .lineage import Lineage
from .marks import Marks
from .names import LookInFrames
from .silent import SilentWrites
from .standing import Standing

if TYPE_CHECKING:
    import torch

_WALKED = 5  # calls of a site whose graph is walked, after that one of
_WALKED_ONE_OF = 50
_COMPARED_ONE_OF = 500  # as often are gradients and values of leaves compared with what they were
_SITES = 4096


@dataclass(eq=False, slots=True)
class Asked:
    """A call that is about to run; it holds the program's own, so it lives no longer than the look.

    Attributes:
        where: Path and line of the innermost frame outside torch.
        follows: It says by itself that its graph is to be used again.
        inputs: What the call wants gradients of; empty for all leaves.
        frame: The running function of torch's.
        alone: No other thread runs a backward.
        step_site: Of the step that it runs in.
    """

    serial: int
    is_inside: bool
    site: Site
    where: tuple[str, int]
    accumulates: bool
    retains: bool
    creates: bool
    follows: bool
    roots: Roots
    inputs: tuple[object, ...]
    frame: FrameType
    alone: Callable[[], bool]
    step_site: Site | None


@dataclass(slots=True)
class GraphSeen:
    """What it told; fields as ``BackwardBegan`` has them.

    Attributes:
        leaves: Of the graph, where it was walked and no other thread runs one.
    """

    whole: bool
    leaves: list[torch.Tensor] = field(default_factory=list["torch.Tensor"])
    reuses: frozenset[int] = frozenset()
    gone: frozenset[int] = frozenset()
    ran_before: frozenset[int] = frozenset()
    reaches: frozenset[int] = frozenset()
    filled: frozenset[int] = frozenset()
    standing: dict[int, frozenset[int]] = field(default_factory=dict[int, frozenset[int]])
    silently_changed: tuple[SilentChange, ...] = ()


class GraphLooks:
    """What is remembered of graphs from call to call. Never a node, never a tensor."""

    def __init__(self, *, marks: Marks, silent: SilentWrites) -> None:
        self._marks = marks
        self._silent = silent
        self._lineage = Lineage()
        self._standing = Standing()
        self._compared = 0  # the latest call whose leaves' gradients were
        self._visits: dict[tuple[str, int], int] = {}
        self._lines: dict[str, set[int]] = {}  # of the user's, by file, that have run a graph

    def look(self, asked: Asked) -> GraphSeen:
        """Note whose graph this is. In some calls of a site look at all of it."""
        gone = self._lineage.gone()
        visit = self._visit(asked)
        fully = self._is_due(asked, visit)
        walked = walk(asked.roots.nodes) if fully else Walked(asked.roots.nodes, whole=False)
        seen = GraphSeen(whole=walked.whole, gone=gone)
        if fully:
            seen.reuses = self._lineage.reuses(walked.nodes)
        if asked.is_inside:
            return seen
        if not asked.retains:
            self._marks.ran(asked.serial, walked.nodes, site=asked.site)
        elif fully:
            self._lineage.keeps(asked.serial, walked.nodes)
        if asked.creates:
            self._lineage.will_make(asked.serial)
        if asked.accumulates:
            seen.ran_before = self._lineage.ran_before(walked.nodes, asked.roots)
            self._lineage.begins_at(asked.serial, asked.roots)
        if fully and asked.alone():
            seen.leaves = leaves(walked.nodes)
        is_turn = visit <= _WALKED or not visit % _COMPARED_ONE_OF
        if seen.leaves and (is_turn or self._silent.is_older(asked.roots.nodes)):
            self._compare(asked, walked.nodes, seen)
        elif asked.accumulates:
            self._standing.forget()
        return seen

    def ended(self, call: int, leaves: list[torch.Tensor]) -> None:
        """The call returned, and has added to these leaves."""
        self._lineage.has_ended(call)
        if self._compared == call and leaves:
            self._standing.after(call, leaves)

    def raised(self, call: int) -> None:
        """It did not."""
        self._lineage.has_ended(call)

    def names(self, frame: FrameType, held: HeldGradients, site: Site) -> LookInFrames:
        """What rules may ask while a call from here is told of."""
        self._lines.setdefault(site.path, set()).add(site.line)
        return _LookFromBackward(frame, held, self._lines)

    def _visit(self, asked: Asked) -> int:
        """Which call of its site it is; 0 for one inside another."""
        if asked.is_inside:
            return 0
        visit = self._visits[asked.where] = self._visits.get(asked.where, 0) + 1
        if len(self._visits) > _SITES:
            self._visits = {}
        return visit

    def _is_due(self, asked: Asked, visit: int) -> bool:
        """One of the first calls of a site or one of fifty, or there is something to be found out."""
        is_following = self._lineage.is_following()
        if asked.is_inside:
            return is_following
        follows = asked.follows and self._lineage.follow(
            asked.where, is_patient=lambda: calls_besides(asked.site.path, frozenset(self._lines[asked.site.path]))
        )
        is_turn = visit <= _WALKED or not visit % _WALKED_ONE_OF
        return is_turn or follows or is_following or self._silent.is_older(asked.roots.nodes)

    def _compare(self, asked: Asked, nodes: list[torch.autograd.graph.Node], seen: GraphSeen) -> None:
        seen.reaches = frozenset(map(id, seen.leaves))
        if asked.accumulates:
            self._compared = asked.serial
            seen.standing, seen.filled = self._standing.before(seen.leaves)
        self._silent.look(seen.leaves, site=asked.step_site)
        seen.silently_changed = self._silent.behind(nodes, seen.leaves, asked.inputs, asked.frame)


class _LookFromBackward(LookInFrames):
    """As ``LookInFrames``, and knows which lines have run a graph."""

    def __init__(self, frame: FrameType, held: HeldGradients, lines: dict[str, set[int]]) -> None:
        super().__init__(frame, held)
        self._lines = lines

    def has_backwards_to_come(self, site: Site) -> bool:
        """The file of this site calls a backward or a gradient on a line where none has run yet."""
        return calls_besides(site.path, frozenset(self._lines.get(site.path, ())))
