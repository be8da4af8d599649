"""Where the graphs of a frame begin: its tensors, and the root of the backward that comes next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

from .foresight import Root, choose_root
from .names import Reach, names_of
from .roots import backward_call
from .tensors import TensorRows

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Starts:
    """What the frame reaches."""

    reach: Reach
    tensors: TensorRows
    root: Root

    def nodes(self) -> Iterator[torch.autograd.graph.Node]:
        """The foreseen backward's first: it is what a bound must not cut."""
        for reading in (*self.root.readings, *self.tensors.readings.values()):
            if reading.node is not None:
                yield reading.node
        yield from self.reach.nodes


def find_starts(frame: FrameType, *, tensors: int, values: int) -> Starts:
    """Look for at most so many tensors among at most so many values."""
    reach = Reach(tensors=tensors, values=values)
    reach.walk(names_of(frame))
    rows = TensorRows(reach.tensors)
    call = backward_call(frame)
    for tensor in () if call is None else (*call.roots, *(call.inputs or ())):
        rows.add(tensor)
    return Starts(reach, rows, choose_root(call, rows.readings, rows.name_of))
