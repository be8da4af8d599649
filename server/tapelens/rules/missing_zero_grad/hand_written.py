"""An update written by hand: a leaf moved along its gradient, which then was not cleared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...events import BackwardBegan, BackwardEnded, Evidence, Leaf, Leaves, Sample
from ...wire.findings import Fact, Finding
from ...wire.sites import Site
from ..model import finding
from ..moves import moved_along
from . import RULE

_REMEMBERED = 4096


@dataclass(frozen=True)
class _Mixed:
    """A leaf whose gradient is a sum of one that an update used and a new one."""

    gradient: Evidence
    value: Sample
    site: Site


class HandWritten:
    """Leaves outside optimizers: their gradients as each backward left them, and how they moved since."""

    def __init__(self) -> None:
        self._left: Leaves = {}
        self._suspects: dict[int, Evidence] = {}
        self._mixed: dict[int, _Mixed] = {}
        self._said: dict[Site, Finding] = {}

    def backward_begins(self, event: BackwardBegan) -> Iterator[Finding]:
        """Speak of a sum that an update has used since; suspect what an update used and left."""
        self._suspects = {}
        if not event.leaves:
            return
        used: dict[int, _Mixed] = {}
        for leaf, now in event.leaves.items():
            mixed = self._mixed.pop(leaf, None)
            if mixed is not None and moved_along(mixed.gradient.sample, mixed.value, now.value):
                used[leaf] = mixed
            before = self._left.get(leaf)
            if before is not None and _used_and_left(before, now):
                self._suspects[leaf] = before.gradient or Evidence(0, 0, ())
        if not used:
            return
        leaf, first = next(iter(used.items()))
        said = self._said.get(first.site)
        if said is None:
            said = self._said[first.site] = _say(event, leaf, count=len(used), site=first.site)
        yield said

    def backward_ended(self, event: BackwardEnded) -> None:
        """What of it this backward added to is a sum now."""
        for leaf, now in event.leaves.items():
            before = self._suspects.get(leaf)
            if before is not None and now.gradient is not None and not now.gradient.agrees_with(before):
                self._mixed[leaf] = _Mixed(gradient=now.gradient, value=now.value, site=event.site)
        self._suspects = {}
        if len(self._left) > _REMEMBERED:
            self._left = {}
        self._left.update(event.leaves)


def _used_and_left(before: Leaf, now: Leaf) -> bool:
    """The gradient is as the last backward left it, and the leaf has moved by it."""
    if before.gradient is None or now.gradient is None or not now.gradient.proves(before.gradient):
        return False
    return moved_along(before.gradient.sample, before.value, now.value)


def _say(event: BackwardBegan, leaf: int, *, count: int, site: Site) -> Finding:
    name = event.look.parameter(leaf)
    more = f" and {count - 1} more" if count > 1 else ""
    return finding(
        RULE,
        at=site,
        message=(
            f"`{name}`{more} still held the gradient that an update had used already when this backward added to "
            f"it, and the next update used the sum. Clear it after each update: `{name}.grad = None`."
        ),
        facts=(Fact(name="gradients not cleared", value=str(count)),),
    )
