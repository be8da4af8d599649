"""Which backwards belong to which stops."""

from __future__ import annotations

from collections.abc import Sequence

from ..wire.gradients import Gradients
from ..wire.snapshot import Snapshot


def gradients_after(snapshot: Snapshot, gradients: Sequence[Gradients]) -> list[Gradients]:
    """The backwards that ran next after a stop and through nodes of its graph.

    A backward belongs to every stop since the backward before it whose graph holds one of its nodes.
    So a stop has at most one, unless two ran before the program stood still again. ``gradients`` are
    all of the stop's session. One that could not be watched belongs to the stop that it followed.
    """
    next_stop = min((each.stop for each in gradients if each.stop >= snapshot.stop), default=None)
    keys = set(snapshot.nodes.key)
    return [
        each
        for each in gradients
        if each.stop == next_stop
        and (each.not_shown is not None or not keys.isdisjoint((*each.nodes.key, *each.edges.source)))
    ]


def snapshot_behind(gradients: Gradients, snapshots: Sequence[Snapshot]) -> Snapshot | None:
    """The latest of a session's snapshots whose graph a backward ran through; they are given oldest first."""
    ran = set(gradients.nodes.key) | set(gradients.edges.source)
    return next((each for each in reversed(snapshots) if not ran.isdisjoint(each.nodes.key)), None)
