"""Source twin: ``.grad`` is read of what an operation made, and nobody asked it to keep one."""

from __future__ import annotations

from collections.abc import Iterator

from ...source.file import SourceFile
from ...source.finding import finding, related
from ...source.flow.acts import GradRead
from ...source.flow.values import Tensor
from ...source.lost import lost_leaf
from ...source.questions import name_of, of_kind, where
from ...wire.findings import Finding
from . import RULE


def nonleaf_grad(file: SourceFile) -> Iterator[Finding]:
    """Look through a file."""
    if ".grad" not in file.text:
        return
    said: set[int] = set()
    for trace in file.traces:
        for _, read in of_kind(trace.acts, GradRead):
            tensor, place = read.of, read.when.place
            if not isinstance(tensor, Tensor) or not read.of_nonleaf:
                continue
            if lost_leaf(tensor) is not None or id(place.node) in said:
                continue
            said.add(id(place.node))
            name = name_of(tensor, "the tensor")
            yield finding(
                RULE,
                file=place.file,
                at=place.node,
                message=(
                    f"`{name}` is no leaf: an operation at {where(tensor.place)} made it, so its `.grad` stays None. "
                    f"Call `{name}.retain_grad()` before the backward, or read the gradient of the leaf."
                ),
                related=(related(tensor.place.file, tensor.place.node, f"`{name}` is made here."),),
            )
