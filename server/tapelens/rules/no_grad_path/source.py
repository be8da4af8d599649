"""Source twin: a backward on what surely has no graph, at the statement that ended it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...source.file import SourceFile
from ...source.finding import finding, related
from ...source.flow.acts import Act, Backward, GradRead, GradWritten, Step
from ...source.flow.values import Cut, Tensor
from ...source.questions import feeds, name_of, of_kind, walk
from ...wire.findings import Finding
from . import RULE


def no_grad_path(file: SourceFile) -> Iterator[Finding]:
    """Look through a file."""
    said: set[int] = set()
    for trace in file.traces:
        for _, backward in of_kind(trace.acts, Backward):
            root = backward.root
            if not isinstance(root, Tensor) or backward.when.tried:
                continue
            raises = backward.is_cut
            if not root.sure and root.cut is None:
                continue
            ended = root.cut if raises or backward.is_leaf else None
            if ended is None and not raises:
                ended = _ended_below(trace.acts, backward)
                if ended is None:
                    continue
            place = backward.when.place if ended is None else ended.place
            if id(place.node) in said:
                continue
            said.add(id(place.node))
            name = name_of(root, "the root")
            if ended is None:
                what = f"Nothing that `{name}` is computed from requires a gradient: its backward raises."
            elif raises:
                what = (
                    f"`{ended.how}` ends the graph here: `{name}` leads back to no parameter, and its backward raises."
                )
            else:
                what = (
                    f"`{ended.how}` ends the graph here: `{name}` is a leaf of its own, and its backward trains "
                    "nothing."
                )
            yield finding(
                RULE,
                file=place.file,
                at=place.node,
                severity="error" if raises else None,
                message=f"{what} Compute the loss from the model's output itself, and detach only what is logged.",
                related=(
                    (related(backward.when.place.file, backward.when.place.node, "This backward finds no path."),)
                    if place is not backward.when.place
                    else ()
                ),
            )


def _ended_below(acts: Sequence[Act], backward: Backward) -> Cut | None:
    """All leaves of the graph were cut from a graph of their own, and no optimizer that steps gains by any backward."""
    if not backward.when.loops or backward.kind == "grad" or backward.nodes is None:
        return None
    ends: list[Cut] = []
    for node in walk(backward.nodes).values():
        if node.stops is not None:
            ends.append(Cut(node.stops, "return None", None))
        elif node.module is not None or not node.sure:
            return None
        elif node.leaf is not None:
            if node.leaf.cut is None:
                return None
            ends.append(node.leaf.cut)
    stepped = [(step.optimizer,) for _, step in of_kind(acts, Step)]
    if not ends or not stepped or any(isinstance(act, (GradRead, GradWritten)) for act in acts):
        return None
    if any(feeds(each, held) is not False for held in stepped for _, each in of_kind(acts, Backward)):
        return None
    return ends[0]
