"""The backward foreseen: where it starts, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ...wire.snapshot import ChosenBy, WillRaise
from .graph import Graph
from .reading import Reading
from .roots import BackwardCall

Output = tuple[int, int]
"""An output of a forward operation: node row and input_nr."""


@dataclass(frozen=True, slots=True)
class Root:
    """Where the backward foreseen starts.

    Attributes:
        readings: The tensors it starts from.
        expression: As written in the line, or the tensor's name.
        call: The call in the line, None when the root was chosen otherwise.
    """

    readings: tuple[Reading, ...]
    expression: str
    chosen_by: ChosenBy
    call: BackwardCall | None

    @property
    def retains(self) -> bool:
        """The line asks for the buffers to stay."""
        return self.call is not None and self.call.retains

    @property
    def named(self) -> str:
        """The call, as a sentence speaks of it."""
        if self.call is not None and not self.call.accumulates:
            return f"autograd.grad of {self.expression}"
        return f"{self.expression or 'such a tensor'}.backward()"


@dataclass(slots=True)
class Foresight:
    """What would happen.

    Attributes:
        ran: Node rows that would run.
        reached: Outputs that a gradient would reach.
        knocked: Outputs whose tensor hooks run although the node does not: of a single root none of whose
            inputs is asked for.
        complete: The whole graph below the root was walked, and nothing runs a backward of its own.
        sure: Nothing that could not be read decides what runs.
        doubt: Why it cannot be told whether it will raise; None when it can.
    """

    ran: set[int] = field(default_factory=set[int])
    reached: set[Output] = field(default_factory=set[Output])
    knocked: set[Output] = field(default_factory=set[Output])
    complete: bool = True
    sure: bool = True
    doubt: str | None = None
    will_raise: WillRaise | None = None
    nodes_freed: int = 0
    bytes_freed: int = 0

    def wonder(self, why: str) -> None:
        """It cannot be told whether it will raise; the first reason stays."""
        self.doubt = self.doubt or why


class Leaves:
    """AccumulateGrad nodes of the graph by the leaf they add to."""

    def __init__(self) -> None:
        self._rows: dict[int, list[int]] = {}

    def add(self, leaf: object, row: int) -> None:
        """The leaf's node stands at this row."""
        self._rows.setdefault(id(leaf), []).append(row)

    def outputs(self, reading: Reading, graph: Graph) -> list[Output]:
        """Where a gradient for the tensor arrives; none when the graph does not hold it."""
        if reading.node is not None:
            row = graph.row(reading.node)
            return [(row, reading.output_nr)] if row >= 0 else []
        return self.accumulators(reading)

    def accumulators(self, reading: Reading) -> list[Output]:
        """Where gradients are added to its ``.grad``: also of a non-leaf that was a leaf when it was used."""
        return [(row, 0) for row in self._rows.get(id(reading.tensor), ())]


def choose_root(call: BackwardCall | None, readings: dict[int, Reading], name_of: Callable[[Reading], str]) -> Root:
    """The root in the line, else the newest scalar non-leaf of the frame, else all roots.

    Args:
        call: The call that the line makes.
        readings: The frame's tensors by ``id``, and the call's.
        name_of: The best name of a tensor, empty for none.
    """
    if call is not None:
        found = tuple(readings[id(tensor)] for tensor in call.roots if id(tensor) in readings)
        if len(found) == len(call.roots):
            return Root(found, call.expression, "line", call)
    grown = [reading for reading in readings.values() if reading.node is not None and name_of(reading)]
    scalars = [reading for reading in grown if is_scalar(reading) and "complex" not in (reading.dtype or "")]
    if scalars:
        newest = max(scalars, key=_made_at)
        return Root((newest,), name_of(newest), "newest_scalar", None)
    return Root(tuple(grown), "", "all", None)


def is_scalar(reading: Reading) -> bool:
    """One element, whatever the number of dimensions; a gradient of 1 is implied."""
    return reading.shape is not None and all(size == 1 for size in reading.shape)


def outputs_of(readings: Iterable[Reading], graph: Graph, leaves: Leaves) -> list[Output]:
    """Where gradients for these tensors arrive."""
    return [output for reading in readings for output in leaves.outputs(reading, graph)]


def _made_at(reading: Reading) -> int:
    return -1 if reading.node is None else reading.node._sequence_nr()
