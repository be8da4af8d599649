"""Source twin: a result of a leaf that has no name of its own, or had the same one, used as the parameter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...source.file import SourceFile
from ...source.finding import finding, related
from ...source.flow.acts import Act, GradRead, Made
from ...source.flow.values import Place, Tensor
from ...source.lost import lost_leaf
from ...source.questions import name_of, of_kind
from ...wire.findings import Finding
from . import RULE


def leaf_lost(file: SourceFile) -> Iterator[Finding]:
    """Look through a file."""
    if "requires_grad" not in file.text and "Parameter" not in file.text:
        return
    said: set[int] = set()
    for trace in file.traces:
        for tensor, use, sentence in _uses(trace.acts):
            place = tensor.place
            if lost_leaf(tensor) is None or id(place.node) in said:
                continue
            said.add(id(place.node))
            name = name_of(tensor, "the result")
            yield finding(
                RULE,
                file=place.file,
                at=place.node,
                message=(
                    f"`{name}` is a result of the leaf that requires a gradient and takes its place: backward fills "
                    f"the leaf, which no variable names any more. Compute first and call `.requires_grad_()` on the "
                    f"result, or update in place under `torch.no_grad()`."
                ),
                related=(related(use.file, use.node, sentence),),
            )


def _uses(acts: Sequence[Act]) -> Iterator[tuple[Tensor, Place, str]]:
    for _, read in of_kind(acts, GradRead):
        tensor = read.of
        if isinstance(tensor, Tensor) and read.of_nonleaf:
            yield tensor, read.when.place, "Its `.grad`, which stays None, is read here."
    for _, made in of_kind(acts, Made):
        if not made.when.tried:
            for tensor in made.tensors:
                yield tensor, made.when.place, "An optimizer gets it here, and refuses what is no leaf."
