"""What holds memory where it ran out, as far as the frames that the exception passed reach."""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import FrameType

from ...wire.memory import DeviceMemory
from ...wire.sites import Site
from ..capture.graph import walk_graph
from ..capture.memory import Ledger, device_memory, enter_tensors, kept_by_line
from ..capture.names import Reach, names_of
from ..capture.nodes import Origins, read_saved
from ..capture.parameters import parameter_storages
from ..capture.tensors import TensorRows
from ..sites import owner_of

_TENSORS = 20_000
_VALUES = 200_000
_NODES = 20_000
_READ_NS = 2_000_000_000
_FRAMES = 20


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes kept for backward by nodes of one place."""

    site: Site | None
    module: str
    nodes: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes by what they are for; each storage counts once."""

    parameters: int
    buffers: int
    gradients: int
    optimizer: int
    kept: int
    kept_by: list[Kept]
    devices: tuple[DeviceMemory, ...]
    left_out: bool


def tell_memory(frames: list[FrameType], origins: Origins) -> Held:
    """Add up what the frames reach, the innermost first."""
    reach = Reach(tensors=_TENSORS, values=_VALUES)
    for frame in [frame for frame in reversed(frames) if owner_of(frame) in {"user", "library"}][:_FRAMES]:
        reach.walk(names_of(frame))
    tensors = TensorRows(reach.tensors)
    roots = [reading.node for reading in tensors.readings.values() if reading.node is not None]
    graph = walk_graph([*roots, *reach.nodes], at_most=_NODES)
    for name, node in zip(graph.names, graph.nodes, strict=True):
        if name == "AccumulateGrad":
            tensors.add(node.variable)  # pyright: ignore[reportAttributeAccessIssue]
    saved, unread = read_saved(graph, deadline_ns=time.perf_counter_ns() + _READ_NS)
    places = [(origin.site, origin.module) for origin in origins(graph.sequences)]
    rows = {place: row for row, place in enumerate(dict.fromkeys(places))}
    ledger = Ledger()
    readings = list(tensors.readings.values())
    enter_tensors(ledger, readings, reach.tensors, parameters=parameter_storages(readings))
    table = kept_by_line(saved, ledger, sites=[rows[place] for place in places], modules=[0] * len(places))
    columns, known = table.columns(), list(rows)
    return Held(
        parameters=ledger.bytes_of("parameters"),
        buffers=ledger.bytes_of("buffers"),
        gradients=ledger.bytes_of("gradients"),
        optimizer=ledger.bytes_of("optimizer"),
        kept=table.total,
        kept_by=[
            Kept(*known[row], nodes, size)
            for row, nodes, size in zip(columns.site, columns.nodes, columns.size_bytes, strict=True)
        ],
        devices=device_memory(),
        left_out=bool(unread or graph.left_out or reach.cut_tensors or reach.cut_values),
    )
