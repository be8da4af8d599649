"""The snapshot's nodes, edges and saved tensors in columns."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ...wire.snapshot import EdgeColumns, NodeColumns, SavedColumns
from ..keys import keys_of
from ..timeline import UNKNOWN, Origin
from .codes import class_site
from .graph import Graph, is_custom
from .saved import NodeSaved, Saved, SavedReader, can_look
from .tables import NONE, Shapes, Sites, Strings
from .tensors import TensorRows

if TYPE_CHECKING:
    import torch

Origins = Callable[[Iterable[int]], list[Origin]]
"""Where nodes were made, by their sequence numbers."""

_LOOK_AT_CLOCK = 64  # nodes between two looks
_METADATA = "_input_metadata"


_Outline = tuple[int, int, int]
"""Rows of shape, dtype and device of a node's first output."""


def unknown_origins(sequences: Iterable[int]) -> list[Origin]:
    """No timeline was kept."""
    return [UNKNOWN for _ in sequences]


def read_saved(graph: Graph, *, deadline_ns: int) -> tuple[list[NodeSaved], int]:
    """What each node saved, by row, and how many nodes the deadline left unread; newest nodes first."""
    reader = SavedReader()
    saved = [_UNREAD] * len(graph.nodes)
    for row in range(len(graph.nodes) - 1, -1, -1):
        if not row % _LOOK_AT_CLOCK and time.perf_counter_ns() > deadline_ns:
            return saved, row + 1
        saved[row] = reader.read(graph.nodes[row])
    return saved, 0


_UNREAD = NodeSaved("unknown")


def count_untold(graph: Graph, saved: list[NodeSaved]) -> tuple[int, int]:
    """How many saved tensors, and shapes of nodes, this torch does not tell without disturbing the program."""
    slots = 0 if can_look() else sum(slot.state == "not_shown" for held in saved for slot in held.slots)
    return slots, 0 if hasattr(sys.modules["torch"]._C._FunctionBase, _METADATA) else len(graph.nodes)


def node_columns(
    graph: Graph,
    saved: list[NodeSaved],
    leaves: dict[int, int],
    origins: list[Origin],
    *,
    parameters: set[int],
    strings: Strings,
    shapes: Shapes,
    sites: Sites,
    deadline_ns: int,
) -> NodeColumns:
    """All nodes; ``leaves`` are tensor rows by AccumulateGrad's row, ``parameters`` storages not counted as saved.

    ``origins`` has one entry a node.
    """
    outlines = _outlines(graph, strings, shapes, deadline_ns)
    threads, places, modules = _origins(origins, strings, sites)
    return NodeColumns(
        key=tuple(keys_of(graph.nodes)),
        name=strings.rows(graph.names),
        sequence=tuple(graph.sequences),
        thread=threads,
        site=places,
        module=modules,
        shape=tuple([outline[0] for outline in outlines]),
        dtype=tuple([outline[1] for outline in outlines]),
        device=tuple([outline[2] for outline in outlines]),
        leaf=tuple(leaves.get(row, NONE) for row in range(len(graph.nodes))),
        state=tuple(held.state for held in saved),
        saved_bytes=_saved_bytes(saved, parameters),
        custom=_customs(graph, sites),
    )


def _origins(
    origins: list[Origin], strings: Strings, sites: Sites
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Thread, site row and module row of each node."""
    rows: dict[int, tuple[int, int, int]] = {}  # by the origin's id: few objects stand for many nodes
    found: list[tuple[int, int, int]] = []
    for origin in origins:
        row = rows.get(id(origin))
        if row is None:
            row = rows[id(origin)] = (origin.thread, sites.row(origin.site), strings.row(origin.module or None))
        found.append(row)
    thread, site, module = zip(*found, strict=True) if found else ((), (), ())
    return thread, site, module


def edge_columns(graph: Graph) -> EdgeColumns:
    """All edges."""
    return EdgeColumns(
        source=tuple(graph.sources),
        position=tuple(graph.positions),
        target=tuple(graph.targets),
        input_nr=tuple(graph.input_nrs),
    )


def saved_columns(
    saved: list[NodeSaved],
    tensors: TensorRows | None,
    *,
    strings: Strings,
    shapes: Shapes,
    at_most: int,
    first: int = 0,
) -> tuple[SavedColumns, int]:
    """All saved tensors, and how many the bound left out.

    Args:
        saved: By row.
        tensors: The snapshot's; None when there are none to refer to.
        strings: Where names and dtypes go.
        shapes: Where shapes go.
        at_most: How many saved tensors to tell.
        first: What the first row is called.
    """
    nodes = [row for row, held in enumerate(saved, first) for _ in held.slots]
    every = [slot for held in saved for slot in held.slots]
    kept = every[:at_most]
    columns = SavedColumns(
        node=tuple(nodes[:at_most]),
        name=strings.rows([slot.name for slot in kept]),
        shape=shapes.rows([slot.shape for slot in kept]),
        dtype=strings.rows([slot.dtype for slot in kept]),
        size_bytes=tuple([slot.size_bytes for slot in kept]),
        storage=(NONE,) * len(kept) if tensors is None else tuple([tensors.storage_row(slot.storage) for slot in kept]),
        version_saved=tuple([slot.version_saved for slot in kept]),
        version_now=tuple([slot.version_now for slot in kept]),
        state=tuple([slot.state for slot in kept]),
        tensor=(NONE,) * len(kept) if tensors is None else _tensor_rows(kept, tensors),
    )
    return columns, len(every) - len(kept)


def _tensor_rows(slots: list[Saved], tensors: TensorRows) -> tuple[int, ...]:
    """The tensors' rows; a node saves its own result as another object than the user's."""
    results = {
        (reading.storage[0], reading.shape): tensors.row(tensor)
        for tensor, reading in reversed(tensors.readings.items())
        if reading.storage is not None and reading.shape is not None and not reading.is_view and reading.storage[1]
    }
    rows: list[int] = []
    for slot in slots:
        row = tensors.row(slot.tensor)
        if row < 0 and slot.storage is not None:
            row = results.get((slot.storage[0], slot.shape), NONE) if slot.shape is not None else NONE
        rows.append(row)
    return tuple(rows)


def _outlines(graph: Graph, strings: Strings, shapes: Shapes, deadline_ns: int) -> list[_Outline]:
    known: dict[tuple[Any, Any], tuple[int, int]] = {}
    shape_row = shapes.row
    outlines: list[_Outline] = []
    for row, node in enumerate(graph.nodes):
        if not row % _LOOK_AT_CLOCK and time.perf_counter_ns() > deadline_ns:
            break
        outputs = getattr(node, _METADATA, None)  # older torch has none
        if not outputs:
            outlines.append(_BLANK)
            continue
        output = outputs[0]
        place = (output.dtype, output.device)
        rows = known.get(place)
        if rows is None:
            rows = known[place] = (strings.row(str(place[0]).removeprefix("torch.")), strings.row(str(place[1])))
        try:
            shape = shape_row(tuple(output.shape))
        except RuntimeError:  # nested
            shape = NONE
        outlines.append((shape, *rows))
    return outlines + [_BLANK] * (len(graph.nodes) - len(outlines))


_BLANK = (NONE, NONE, NONE)


def _saved_bytes(saved: list[NodeSaved], parameters: set[int]) -> tuple[int, ...]:
    counted = set(parameters)
    column: list[int] = []
    for held in saved:
        known = held.state in {"alive", "saves_nothing"}
        size = 0
        for slot in held.slots:
            if slot.storage is not None and slot.storage[0] not in counted:
                counted.add(slot.storage[0])
                size += slot.storage[1]
        column.append(size if known or held.state == "freed" else NONE)
    return tuple(column)


def _customs(graph: Graph, sites: Sites) -> tuple[int, ...]:
    known: dict[type, int] = {}
    column: list[int] = []
    for node in graph.nodes:
        kind = type(node)
        if kind not in known:
            known[kind] = sites.row(_class_of(node)) if is_custom(node) else NONE
        column.append(known[kind])
    return tuple(column)


def _class_of(node: torch.autograd.graph.Node) -> Any:  # noqa: ANN401 (Site | None)
    forward = getattr(type(node), "_forward_cls", None)
    return None if forward is None else class_site(forward)
