"""After a backward raised because a saved tensor was changed: which one it is, and what changed it."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

from ...events import Change
from ...wire.sites import Site
from ..capture.gradients import Origins
from ..capture.graph import ACCUMULATE_GRAD, Graph, walk_graph
from ..capture.guards import collector_held, undisturbed
from ..capture.names import Named, Reach
from ..capture.reading import read_tensor, storage_of
from ..capture.saved import Saved, SavedReader
from ..sites import user_frame
from .culprits import Culprit, by_clock, by_name, by_reach
from .scopes import Scope, scopes_of

if TYPE_CHECKING:
    import torch

_AT_MOST = 20_000
_TENSORS = 4000
_VALUES = 20_000
_LINES_ARE_KNOWN = sys.version_info >= (3, 12)
Stepped = Callable[[int, int], "Culprit | None"]
"""The step that first changed a parameter, by its ``id``, after a number of autograd's clock; None without one."""

_VERSIONS = re.compile(r"is at version (\d+); expected version (\d+)")
_TOLD = re.compile(
    r"\[[\w.]+ \[(?P<shape>[\d, ]*)\]\],(?: which is output \d+ of (?P<node>\w+),)?"
    r" is at version (?P<now>\d+); expected version (?P<saved>\d+)"
)
_MADE_BY = re.compile(r"is output \d+ of (\w+?)(?:Backward\d*)?,")


@dataclass(frozen=True)
class _Found:
    """A node whose saved tensor was changed.

    Attributes:
        row: Of the node; -1 where it is not known.
        is_it: Whether a tensor is the one that was changed.
        saved: Its version as it was saved.
        now: Its version now.
    """

    row: int
    is_it: Callable[[torch.Tensor], bool]
    saved: int
    now: int


def find_change(
    text: str,
    roots: list[torch.autograd.graph.Node],
    frame: FrameType | None,
    *,
    origins: Origins | None,
    stepped: Stepped,
) -> Change | None:
    """Look from the call's roots into the graph, then into the frames that run and their source.

    Args:
        text: What torch says, with versions and the operation that gave the tensor; empty where nothing has raised.
        roots: Of the call.
        frame: Of the call.
        origins: Where nodes were made.
        stepped: Asked for an optimizer's step.
    """
    with collector_held(), undisturbed():
        graph = walk_graph(roots, at_most=_AT_MOST)
        found = _changed(graph, text) or _told(graph, text)
        if found is None:
            return None
        scopes = scopes_of(user_frame(frame))
        named = list(_named(found.is_it, graph, scopes))
        culprit = _culprit(found, graph, named, scopes, text, origins=origins, stepped=stepped)
        return Change(
            name=(culprit.target if culprit else "") or next((each.names[0] for each in named if each.names), ""),
            written=culprit.written if culprit else "",
            site=culprit.site if culprit else None,
            node=graph.names[found.row] if found.row >= 0 else "an operation",
            made=_made(graph, found.row, origins),
            version_saved=found.saved,
            version_now=found.now,
            by_step=culprit is not None and culprit.by_step,
        )


def _culprit(
    found: _Found,
    graph: Graph,
    named: list[Named],
    scopes: list[Scope],
    text: str,
    *,
    origins: Origins | None,
    stepped: Stepped,
) -> Culprit | None:
    """What is surest first."""
    sequence = (
        graph.sequences[found.row]
        if found.row >= 0
        else min((each for each in graph.sequences if each >= 0), default=0)
    )
    for each in named:
        step = stepped(id(each.tensor), sequence)
        if step is not None:
            return step
    culprit = by_name(scopes, {name for each in named for name in each.names})
    if culprit is None and origins is not None and _LINES_ARE_KNOWN:
        culprit = by_clock([number for number in graph.sequences if number > sequence], origins)
    if culprit is not None:
        return culprit
    made_by = _MADE_BY.search(text)
    saved = graph.names[found.row].rstrip("0123456789").removesuffix("Backward") if found.row >= 0 else ""
    words = {made_by[1] if made_by else saved, saved}
    return by_reach(scopes, is_it=found.is_it, words=words)


def _changed(graph: Graph, text: str) -> _Found | None:
    """The engine runs the newest node first, and rows are in the order of making."""
    versions = _VERSIONS.search(text)
    wanted = (int(versions[1]), int(versions[2])) if versions else None
    reader = SavedReader()
    first: _Found | None = None
    for row in range(len(graph.nodes) - 1, -1, -1):
        for slot in reader.read(graph.nodes[row]).slots:
            if slot.state == "changed":
                found = _Found(row, partial(_is_saved, slot), slot.version_saved, slot.version_now)
                first = first or found
                if wanted is None or wanted == (slot.version_now, slot.version_saved):
                    return found
    return first


def _told(graph: Graph, text: str) -> _Found | None:
    """By torch's sentence alone: older torch does not show what was saved."""
    told = _TOLD.search(text)
    if told is None:
        return None
    shape = sorted(int(size) for size in told["shape"].split(", ") if size)
    now = int(told["now"])

    def is_it(tensor: torch.Tensor) -> bool:  # a view shares the version of what it looks at
        fits = sorted(tensor.shape) == shape or tensor.numel() > math.prod(shape)
        return fits and read_tensor(tensor).version == now

    rows = [row for row, name in enumerate(graph.names) if name == told["node"]]
    return _Found(rows[-1] if rows else -1, is_it, int(told["saved"]), now)


def _named(is_it: Callable[[torch.Tensor], bool], graph: Graph, scopes: list[Scope]) -> Iterator[Named]:
    """Tensors of the frames that are the saved one or look at its memory, and leaves of the graph that are."""
    seen: set[int] = set()
    for scope in scopes:
        reach = Reach(tensors=_TENSORS, values=_VALUES)
        there = [(name, scope.home.get(name)) for name in scope.code.co_names if name in scope.home]
        reach.walk([*((name, value) for name, value in scope.names.items() if not name.startswith("__")), *there])
        for identity, named in reach.tensors.items():
            if identity not in seen and is_it(named.tensor):
                seen.add(identity)
                yield named
    for node, name in zip(graph.nodes, graph.names, strict=True):
        if name == ACCUMULATE_GRAD:
            leaf: Any = node.variable  # pyright: ignore[reportAttributeAccessIssue]
            if id(leaf) not in seen and is_it(leaf):
                yield Named(leaf)


def _is_saved(slot: Saved, tensor: torch.Tensor) -> bool:
    if id(tensor) == slot.tensor:
        return True
    return slot.storage is not None and storage_of(tensor) == slot.storage


def _made(graph: Graph, row: int, origins: Origins | None) -> Site | None:
    if origins is None or not _LINES_ARE_KNOWN:
        return None
    return origins([graph.sequences[row]])[0].site
