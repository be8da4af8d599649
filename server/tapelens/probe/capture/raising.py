"""How a backward from here would end badly, in PyTorch users' words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from ...wire.sites import Site
from ...wire.snapshot import WillRaise
from ..keys import key_of
from .foresight import Foresight, Root, is_scalar
from .graph import Graph
from .reading import Reading
from .saved import NodeSaved, Saved

FreedBy = Callable[[int], Site | None]
"""Where the backward ran that freed the graph of a root, told by the root's key."""


def refusal(root: Root) -> WillRaise | None:
    """What torch refuses before the first node runs."""
    call = root.call
    if call is None:
        return None
    wanting = [reading for reading in root.readings if reading.requires_grad or not reading.graph_known]
    several = [reading for reading in wanting if reading.shape is not None and not is_scalar(reading)]
    if several and call.like != "reduced" and not call.explicit_gradient:
        why = f"has shape {_shape(several[0])}, and grad can be implicitly created only for scalar outputs"
        return _will_raise("not_scalar", f"{root.named} will raise: {root.expression} {why}.")
    if not wanting or (call.like == "same" and len(wanting) < len(root.readings)):
        why = "does not require grad and has no grad_fn, so no path leads from it to a leaf"
        return _will_raise("no_path", f"{root.named} will raise: {root.expression} {why}.")
    return None


def failure(
    foresight: Foresight, root: Root, graph: Graph, saved: list[NodeSaved], freed_by: FreedBy
) -> WillRaise | None:
    """The node that raises first: the engine runs the newest node first, and rows are in the order of making."""
    suspects = [row for row in foresight.ran if saved[row].state != "saves_nothing"]
    for row in sorted(suspects, reverse=True):
        held = saved[row]
        hidden = held.state == "unknown" and all(slot.state == "not_shown" and not slot.unsure for slot in held.slots)
        if held.state == "freed" or (hidden and _ran_before(root, graph, freed_by)):
            return _freed(row, root, graph, foresight, freed_by)
        changed = next((slot for slot in held.slots if slot.state == "changed"), None)
        if changed is not None:
            return _changed(row, changed, root, graph)
    return None


def _freed(row: int, root: Root, graph: Graph, foresight: Foresight, freed_by: FreedBy) -> WillRaise:
    site = _who_freed(root, graph, foresight, freed_by)
    where = "when its graph ran backward before" if site is None else f"by the backward at {_place(site)}"
    what = f"the tensors that {graph.names[row]} saved for backward were freed {where}"
    hint = "; retain_graph=True there would have kept them" if site is not None else ""
    return _will_raise("freed", f"{root.named} {_will(root)} raise: {what}{hint}.", row, site)


def _changed(row: int, slot: Saved, root: Root, graph: Graph) -> WillRaise:
    shape = "" if slot.shape is None else f" of shape {list(slot.shape)}"
    what = f"a tensor{shape} that {graph.names[row]} saved for backward ({slot.name}) was changed in place since"
    versions = f"it is at version {slot.version_now}, expected version {slot.version_saved}"
    return _will_raise("changed", f"{root.named} {_will(root)} raise: {what}: {versions}.", row)


def _ran_before(root: Root, graph: Graph, freed_by: FreedBy) -> bool:
    """Whether a backward was seen that freed the root's graph: CopySlices, and older torch, do not tell."""
    rows = [graph.row(reading.node) for reading in root.readings]
    return any(row >= 0 and freed_by(key_of(graph.nodes[row])) is not None for row in rows)


def _who_freed(root: Root, graph: Graph, foresight: Foresight, freed_by: FreedBy) -> Site | None:
    """Asked for the root first, then for every node below it, newest first: any may have been a root."""
    starts = [graph.row(reading.node) for reading in root.readings]
    for row in [*starts, *sorted(foresight.ran, reverse=True)]:
        site = freed_by(key_of(graph.nodes[row])) if row >= 0 else None
        if site is not None:
            return site
    return None


def _will(root: Root) -> str:
    return "will" if root.call is not None else "would"


def _shape(reading: Reading) -> list[int]:
    return list(reading.shape or ())


def _place(site: Site) -> str:
    return f"{PurePath(site.path).name}:{site.line}"


def _will_raise(reason: str, message: str, node: int = -1, freed_by: Site | None = None) -> WillRaise:
    return WillRaise(reason=reason, node=node, freed_by=freed_by, message=message)  # pyright: ignore[reportArgumentType]
