"""How a backward from here would end badly, in PyTorch users' words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...wire.sites import Site
from ...wire.snapshot import RaiseReason, WillRaise
from ..keys import key_of
from .foresight import Foresight, Root
from .functions import reads_saved
from .graph import ACCUMULATE_GRAD, Graph, is_custom
from .reading import Reading
from .saved import NodeSaved, Saved

FreedBy = Callable[[int], Site | None]
"""Where the backward ran that freed the graph of a root, told by the root's key."""

HIDES = "CopySlices"
"""The node of an in-place operation on a view: what that saved lies inside it, out of reach."""

_CHECKPOINT = "CheckpointFunctionBackward"
_TWICE = "Error"
_NOT_IMPLEMENTED = "NotImplemented"


@dataclass(frozen=True, slots=True)
class Failures:
    """Looks for the node that raises first.

    Attributes:
        freed_by: Asked for the site of an earlier backward.
        readings: The frame's tensors and the graph's leaves by ``id``.
    """

    foresight: Foresight
    root: Root
    graph: Graph
    saved: list[NodeSaved]
    freed_by: FreedBy
    readings: dict[int, Reading]

    def first(self) -> WillRaise | None:
        """The engine runs the newest node first, and rows are in the order of making."""
        for row in sorted(self.foresight.ran, reverse=True):
            found = self._by_its_kind(row) or self._by_what_it_saved(row)
            if found is not None:
                return found
        return None

    def _by_its_kind(self, row: int) -> WillRaise | None:
        name, node = self.graph.names[row], self.graph.nodes[row]
        if name == ACCUMULATE_GRAD:
            leaf = self.readings.get(id(node.variable))  # pyright: ignore[reportAttributeAccessIssue]
            if leaf is not None and leaf.node is not None:
                return self._will("moved", "a leaf that it would add to was since made the result of an operation", row)
        elif name == _TWICE:
            what = "it differentiates a function marked with @once_differentiable a second time"
            return self._will("no_derivative", what, row)
        elif name == _NOT_IMPLEMENTED:
            return self._will("no_derivative", "an operation below it has no derivative", row)
        elif name == _CHECKPOINT and _asks_for_inputs(self.root):
            what = "a checkpoint with use_reentrant=True cannot run with inputs= or in autograd.grad"
            return self._will("checkpoint", f"{what}; use_reentrant=False can", row)
        return None

    def _by_what_it_saved(self, row: int) -> WillRaise | None:
        held = self.saved[row]
        if held.state == "saves_nothing":
            return None
        if held.state == "freed" or (_is_hidden(held) and self._ran_before()):
            return self._freed(row)
        node = self.graph.nodes[row]
        asks = reads_saved(type(node)) if is_custom(node) else "yes"
        bad = next((slot for slot in held.slots if slot.state == "changed" or slot.spoiled), None)
        if bad is not None and asks == "yes":
            return self._changed(row, bad)
        if bad is not None and asks == "maybe":
            what = f"{self.graph.names[row]} saved a tensor that was changed in place, and may ask for it"
            self.foresight.wonder(what)
        self._wonder(row, held)
        return None

    def _wonder(self, row: int, held: NodeSaved) -> None:
        """Say what cannot be known of the node."""
        name = self.graph.names[row]
        if any(slot.unsure for slot in held.slots):
            self.foresight.sure = self.foresight.sure and held.state != "unknown"
            self.foresight.wonder(f"what {name} saved cannot be asked without disturbing it")
        elif any(slot.state == "packed" and not slot.faithful for slot in held.slots):
            self.foresight.wonder(f"what {name} saved was packed by a hook, which decides what it gives back")
        elif name == _CHECKPOINT:
            self.foresight.wonder("a checkpoint with use_reentrant=True runs its forward and a backward of its own")
        elif name == HIDES:
            self.foresight.wonder("what an in-place operation on a view saved lies inside CopySlices, out of reach")
        elif _is_hidden(held):
            self.foresight.wonder(f"what {name} saved was not read")

    def _freed(self, row: int) -> WillRaise:
        site = self._who_freed()
        where = "when its graph ran backward before" if site is None else f"by the backward at {site.place}"
        what = f"the tensors that {self.graph.names[row]} saved for backward were freed {where}"
        hint = "; retain_graph=True there would have kept them" if site is not None else ""
        return self._will("freed", f"{what}{hint}", row, site)

    def _changed(self, row: int, slot: Saved) -> WillRaise:
        name = self.graph.names[row]
        if slot.spoiled:
            what = f"the checkpoint that packed what {name} saved ({slot.name}) computes it again from inputs"
            return self._will("changed", f"{what} that were changed in place since", row)
        shape = "" if slot.shape is None else f" of shape {list(slot.shape)}"
        what = f"a tensor{shape} that {name} saved for backward ({slot.name})"
        if slot.detached:
            return self._will("detached", f"{what} was detached in place since", row)
        saved = (
            f"expected version {slot.version_saved}" if slot.version_saved >= 0 else "and was saved at an earlier one"
        )
        versions = f"it is at version {slot.version_now}, {saved}"
        return self._will("changed", f"{what} was changed in place since: {versions}", row)

    def _ran_before(self) -> bool:
        """Whether a backward was seen that freed the root's graph: older torch does not tell."""
        rows = [self.graph.row(reading.node) for reading in self.root.readings]
        return any(row >= 0 and self._freer(row) is not None for row in rows)

    def _who_freed(self) -> Site | None:
        """Asked for the root first, then for every node below it, newest first: any may have been a root."""
        starts = [self.graph.row(reading.node) for reading in self.root.readings]
        rows = [*starts, *sorted(self.foresight.ran, reverse=True)]
        return next((site for row in rows if row >= 0 and (site := self._freer(row)) is not None), None)

    def _freer(self, row: int) -> Site | None:
        return self.freed_by(key_of(self.graph.nodes[row]))

    def _will(self, reason: RaiseReason, why: str, row: int, freed_by: Site | None = None) -> WillRaise:
        verb = "will" if self.root.call is not None else "would"
        return will_raise(reason, f"{self.root.named} {verb} raise: {why}.", row, freed_by)


def will_raise(reason: RaiseReason, message: str, node: int = -1, freed_by: Site | None = None) -> WillRaise:
    """It, with what is not told left out."""
    return WillRaise(reason=reason, node=node, freed_by=freed_by, message=message)


def _asks_for_inputs(root: Root) -> bool:
    return root.call is not None and (not root.call.accumulates or root.call.inputs is not None)


def _is_hidden(held: NodeSaved) -> bool:
    return held.state == "unknown" and all(slot.state == "not_shown" and not slot.unsure for slot in held.slots)
