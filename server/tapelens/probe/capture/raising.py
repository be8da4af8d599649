"""How a backward from here would end badly, in PyTorch users' words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from ...wire.sites import Site
from ...wire.snapshot import RaiseReason, WillRaise
from ..keys import key_of
from .foresight import Foresight, Root
from .functions import reads_saved
from .graph import Graph, is_custom
from .saved import NodeSaved, Saved

FreedBy = Callable[[int], Site | None]
"""Where the backward ran that freed the graph of a root, told by the root's key."""

_CHECKPOINT = "CheckpointFunctionBackward"
_TWICE = "Error"
_NOT_IMPLEMENTED = "NotImplemented"
HIDES = "CopySlices"
"""The node of an in-place operation on a view: what that saved lies inside it, out of reach."""


def failure(
    foresight: Foresight, root: Root, graph: Graph, saved: list[NodeSaved], freed_by: FreedBy
) -> WillRaise | None:
    """The node that raises first: the engine runs the newest node first, and rows are in the order of making."""
    for row in sorted(foresight.ran, reverse=True):
        found = _of_node(row, foresight, root, graph, saved[row], freed_by)
        if found is not None:
            return found
    return None


def _of_node(
    row: int, foresight: Foresight, root: Root, graph: Graph, held: NodeSaved, freed_by: FreedBy
) -> WillRaise | None:
    name = graph.names[row]
    if name in (_TWICE, _NOT_IMPLEMENTED):
        return _without_derivative(row, name, root, graph)
    if name == _CHECKPOINT and _asks_for_inputs(root):
        what = "a checkpoint with use_reentrant=True cannot run with inputs= or in autograd.grad"
        return will_raise("checkpoint", f"{root.named} {_will(root)} raise: {what}; use_reentrant=False can.", row)
    if held.state == "saves_nothing":
        return None
    asks = reads_saved(type(graph.nodes[row])) if is_custom(graph.nodes[row]) else "yes"
    hidden = held.state == "unknown" and all(slot.state == "not_shown" and not slot.unsure for slot in held.slots)
    changed = next((slot for slot in held.slots if slot.state == "changed"), None)
    if held.state == "freed" or (hidden and _ran_before(root, graph, freed_by)):
        return _freed(row, root, graph, foresight, freed_by)
    if changed is not None and asks == "yes":
        return _changed(row, changed, root, graph)
    if changed is not None and asks == "maybe":
        foresight.wonder(f"{name} saved a tensor that was changed in place, and may ask for it")
    elif any(slot.unsure for slot in held.slots):
        foresight.sure = foresight.sure and not held.state == "unknown"
        foresight.wonder(f"what {name} saved cannot be asked without disturbing it")
    elif hidden or name == HIDES:
        foresight.wonder(_why_hidden(name))
    return None


def _why_hidden(name: str) -> str:
    if name == HIDES:
        return "what an in-place operation on a view saved lies inside CopySlices, out of reach"
    return f"what {name} saved was not read"


def _without_derivative(row: int, name: str, root: Root, graph: Graph) -> WillRaise:
    if name == _TWICE:
        what = "it differentiates a function marked with @once_differentiable a second time"
    else:
        operation = graph.nodes[row].name().rpartition("::")[2]
        what = f"an operation below it has no derivative ({operation})"
    return will_raise("no_derivative", f"{root.named} {_will(root)} raise: {what}.", row)


def _asks_for_inputs(root: Root) -> bool:
    return root.call is not None and (not root.call.accumulates or root.call.inputs is not None)


def _freed(row: int, root: Root, graph: Graph, foresight: Foresight, freed_by: FreedBy) -> WillRaise:
    site = _who_freed(root, graph, foresight, freed_by)
    where = "when its graph ran backward before" if site is None else f"by the backward at {_place(site)}"
    what = f"the tensors that {graph.names[row]} saved for backward were freed {where}"
    hint = "; retain_graph=True there would have kept them" if site is not None else ""
    return will_raise("freed", f"{root.named} {_will(root)} raise: {what}{hint}.", row, site)


def _changed(row: int, slot: Saved, root: Root, graph: Graph) -> WillRaise:
    shape = "" if slot.shape is None else f" of shape {list(slot.shape)}"
    what = f"a tensor{shape} that {graph.names[row]} saved for backward ({slot.name})"
    if slot.detached:
        return will_raise("detached", f"{root.named} {_will(root)} raise: {what} was detached in place since.", row)
    versions = f"it is at version {slot.version_now}, "
    versions += f"expected version {slot.version_saved}" if slot.version_saved >= 0 else "and was saved at an earlier"
    return will_raise(
        "changed", f"{root.named} {_will(root)} raise: {what} was changed in place since: {versions}.", row
    )


def _ran_before(root: Root, graph: Graph, freed_by: FreedBy) -> bool:
    """Whether a backward was seen that freed the root's graph: older torch does not tell."""
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


def _place(site: Site) -> str:
    return f"{PurePath(site.path).name}:{site.line}"


def will_raise(reason: RaiseReason, message: str, node: int = -1, freed_by: Site | None = None) -> WillRaise:
    """It, with what is not told left out."""
    return WillRaise(reason=reason, node=node, freed_by=freed_by, message=message)
