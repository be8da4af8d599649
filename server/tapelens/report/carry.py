"""Which backwards belong to which stops."""

from __future__ import annotations

from collections.abc import Sequence

from ..wire.gradients import Gradients
from ..wire.snapshot import Snapshot


def gradients_after(snapshot: Snapshot, gradients: Sequence[Gradients]) -> list[Gradients]:
    """The backwards that ran next after a stop and through nodes of its graph.

    A backward belongs to every stop since the backward before it whose graph holds one of its nodes.
    So a stop has at most one, unless two ran before the program stood still again. ``gradients`` are
    all of the stop's session.
    """
    next_stop = min((each.stop for each in gradients if each.stop >= snapshot.stop), default=None)
    keys = set(snapshot.nodes.key)
    return [
        each
        for each in gradients
        if each.stop == next_stop and not (keys.isdisjoint(each.nodes.key) and keys.isdisjoint(each.edges.source))
    ]
