"""Source twin: a retained root runs backward again, alone or inside another, into gradients that stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...source.file import SourceFile
from ...source.finding import finding, related
from ...source.flow.acts import Act, Backward, Step
from ...source.flow.values import Node
from ...source.questions import feeds, may_write, of_kind, used_by, walk, where
from ...wire.findings import Finding
from . import RULE


def repeated_backward_accumulates(file: SourceFile) -> Iterator[Finding]:
    """Look through a file."""
    said: set[int] = set()
    for trace in file.traces:
        for first, second in _pairs(trace.acts):
            place, other = second.when.place, first.when.place
            if id(place.node) not in said:
                said.add(id(place.node))
                yield finding(
                    RULE,
                    file=place.file,
                    at=place.node,
                    message=(
                        f"The loss that ran backward at {where(other)} runs again here, by itself or as a part, and "
                        f"nothing clears the gradients between: they count twice in the next step. Run the sum alone."
                    ),
                    related=(related(other.file, other.node, "It ran here already."),),
                )


def _pairs(acts: Sequence[Act]) -> Iterator[tuple[Backward, Backward]]:
    found = [
        (position, backward)
        for position, backward in of_kind(acts, Backward)
        if backward.kind == "backward"
        and backward.nodes
        and len(backward.nodes) == 1
        and not backward.has_gradient
        and not backward.has_inputs
    ]
    for number, (position, first) in enumerate(found):
        root = next(iter(first.nodes or ()))
        for later, second in found[number + 1 :]:
            if id(root) not in walk(second.nodes, surely=True) or not second.when.follows(first.when):
                continue
            if first.retain is not True and not _saves_nothing(root):
                continue
            held = used_by((root,))
            if any(may_write(act, held) for act in acts[position + 1 : later]) or not _is_used(acts, later, second):
                continue
            yield first, second


def _is_used(acts: Sequence[Act], position: int, second: Backward) -> bool:
    """A step follows before anything is cleared."""
    for act in acts[position + 1 :]:
        if isinstance(act, Step) and feeds(second, (act.optimizer,)):
            return act.when.is_with(second.when)
        if may_write(act, used_by(second.nodes or ())):
            return False
    return False


def _saves_nothing(root: Node) -> bool:
    return all(node.saves is False for node in root.walk())
