"""The snapshot's tensors: read once each, and laid out in columns."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...wire.snapshot import BackwardEffect, TensorColumns
from .graph import Graph, node_name
from .guards import why_unread
from .names import Named
from .reading import Reading, read_tensor
from .statistics import StatisticsTable
from .tables import NONE, Shapes, Strings

if TYPE_CHECKING:
    import torch


class TensorRows:
    """Tensors by row.

    Attributes:
        readings: By ``id`` and in row order; they keep their tensors while the snapshot is taken.
        unread_values: Tensors whose values a budget kept from being read.
    """

    def __init__(self, named: dict[int, Named]) -> None:
        self.readings: dict[int, Reading] = {}
        self.unread_values = 0
        self._rows: dict[int, int] = {}
        self._named = named
        self._storages: dict[int, int] = {}
        self._storage_bytes: list[int] = []
        for each in named.values():
            self.add(each.tensor)

    def add(self, tensor: torch.Tensor) -> Reading:
        """The tensor's reading, made and given a row when it is new; its base gets one too."""
        reading = self.readings.get(id(tensor))
        if reading is None:
            reading = self.readings[id(tensor)] = read_tensor(tensor)
            self._rows[id(tensor)] = len(self._rows)
            if reading.base is not None:
                self.add(reading.base)
        return reading

    def row(self, tensor_id: int) -> int:
        """The row of a tensor by its ``id``; -1 for one that has none."""
        return self._rows.get(tensor_id, NONE)

    def name_of(self, reading: Reading) -> str:
        """What a person calls it; empty for one that no name reaches."""
        named = self._named.get(id(reading.tensor))
        return "" if named is None or not named.names else named.names[0]

    def storage_bytes(self) -> tuple[int, ...]:
        """Bytes of each storage, by the rows that the columns use."""
        return tuple(self._storage_bytes)

    def columns(
        self,
        *,
        strings: Strings,
        shapes: Shapes,
        graph: Graph,
        effect: Callable[[Reading], BackwardEffect],
        statistics: dict[int, int],
    ) -> TensorColumns:
        """All rows; ``statistics`` are rows of numbers by the ``id`` of the tensor or gradient."""
        readings = list(self.readings.values())
        named = [self._named.get(id(reading.tensor)) for reading in readings]
        nodes = [reading.node for reading in readings]
        return TensorColumns(
            names=tuple(tuple(map(strings.row, each.names)) if each else () for each in named),
            type_name=tuple(strings.row(reading.type_name) for reading in readings),
            shape=tuple(shapes.row(reading.shape) for reading in readings),
            dtype=tuple(strings.row(reading.dtype) for reading in readings),
            device=tuple(strings.row(reading.device) for reading in readings),
            layout=tuple(strings.row(reading.layout) for reading in readings),
            is_leaf=tuple(reading.is_leaf for reading in readings),
            requires_grad=tuple(reading.requires_grad for reading in readings),
            retains_grad=tuple(reading.retains_grad for reading in readings),
            is_view=tuple(reading.is_view for reading in readings),
            grad=tuple(reading.grad for reading in readings),
            grad_shape=tuple(shapes.row(reading.gradient_shape) for reading in readings),
            grad_statistics=tuple(statistics.get(id(reading.gradient), NONE) for reading in readings),
            statistics=tuple(statistics.get(id(reading.tensor), NONE) for reading in readings),
            grad_fn=tuple(map(graph.row, nodes)),
            grad_fn_name=tuple(NONE if node is None else strings.row(node_name(node)) for node in nodes),
            output_nr=tuple(reading.output_nr for reading in readings),
            version=tuple(reading.version for reading in readings),
            base=tuple(NONE if reading.base is None else self.row(id(reading.base)) for reading in readings),
            storage=tuple([self.storage_row(reading.storage) for reading in readings]),
            module=tuple(strings.row(each.module) if each else NONE for each in named),
            optimizer=tuple(strings.row(each.optimizer) if each else NONE for each in named),
            backward_effect=tuple([effect(reading) for reading in readings]),
            in_frame=tuple(int(each is not None) for each in named),
            not_shown=tuple(strings.row(reading.not_shown) for reading in readings),
        )

    def storage_row(self, storage: tuple[int, int] | None) -> int:
        """The row of a storage, given by address and bytes; -1 for none."""
        if storage is None:
            return NONE
        address, size = storage
        row = self._storages.setdefault(address, len(self._storages))
        if row == len(self._storage_bytes):
            self._storage_bytes.append(size)
        return row

    def read_values(self, table: StatisticsTable, *, deadline_ns: int) -> dict[int, int]:
        """Rows of numbers by the ``id`` of what was read: gradients first, then tensors, nearest names first."""
        rows: dict[int, int] = {}
        readings = list(self.readings.values())
        wanted = [reading.gradient for reading in readings if reading.gradient is not None]
        wanted += [reading.tensor for reading in readings]
        for done, tensor in enumerate(wanted):
            if time.perf_counter_ns() > deadline_ns:
                self.unread_values += len(wanted) - done
                break
            if id(tensor) not in rows:
                rows[id(tensor)] = table.add(tensor)
        self.unread_values += table.left_out
        for reading in readings:
            _say_why_unread(reading, rows)
        return rows


def _say_why_unread(reading: Reading, rows: dict[int, int]) -> None:
    if reading.not_shown is not None:
        return
    for whose, tensor in (("its values", reading.tensor), ("the values of its grad", reading.gradient)):
        if tensor is not None and rows.get(id(tensor), NONE) == NONE:
            reading.not_shown = f"{whose}: {why_unread(tensor) or NO_BUDGET}"
            return


NO_BUDGET = "one stop reads only so many bytes, for only so long"
