"""A plain walk of the graph behind a frame, written without the probe, to hold snapshots against."""

from __future__ import annotations

from types import FrameType
from typing import Any

import torch

from tapelens.wire.snapshot import Snapshot

_KEY = "_tapelens_key"
_AT_MOST = 5_000
_PLAIN = (torch.Tensor, torch.nn.Parameter)


def differences(frame: FrameType, snapshot: Snapshot) -> list[str]:
    """Sentences on what the snapshot says of the frame's own variables and of their graph, and is not so."""
    with torch._C.DisableTorchFunction():
        wrong = [*_wrong_tensors(frame, snapshot), *_wrong_graph(frame, snapshot)]
    return [f"{frame.f_code.co_name}:{frame.f_lineno}: {each}" for each in wrong]


def _rows_by_name(snapshot: Snapshot) -> dict[str, int]:
    strings = snapshot.strings
    return {strings[name]: row for row, names in enumerate(snapshot.tensors.names) for name in names}


def _shown(snapshot: Snapshot, row: int) -> bool:
    return snapshot.tensors.not_shown[row] < 0


def _locals(frame: FrameType) -> list[tuple[str, torch.Tensor]]:
    return [(name, value) for name, value in frame.f_locals.items() if type(value) in _PLAIN and name[:2] != "__"]


def _wrong_tensors(frame: FrameType, snapshot: Snapshot) -> list[str]:
    columns, strings, shapes = snapshot.tensors, snapshot.strings, snapshot.shapes
    rows = _rows_by_name(snapshot)
    wrong: list[str] = []
    for name, tensor in _locals(frame):
        row = rows.get(name)
        if row is None:
            if not snapshot.left_out:
                wrong.append(f"{name} is not in the snapshot")
            continue
        if not _shown(snapshot, row):
            continue
        leaf, held = tensor.is_leaf, None
        if leaf or tensor.retains_grad:
            held = tensor.grad
        pairs = {
            "shape": (list(shapes[columns.shape[row]]), list(tensor.shape)),
            "dtype": (strings[columns.dtype[row]], str(tensor.dtype).removeprefix("torch.")),
            "device": (strings[columns.device[row]], str(tensor.device)),
            "is_leaf": (columns.is_leaf[row], int(leaf)),
            "requires_grad": (columns.requires_grad[row], int(tensor.requires_grad)),
            "retains_grad": (columns.retains_grad[row], int(tensor.retains_grad)),
            "is_view": (columns.is_view[row], int(tensor._is_view())),
            "output_nr": (columns.output_nr[row], tensor.output_nr),
            "version": (columns.version[row], -1 if tensor.is_inference() else tensor._version),
            "grad": (columns.grad[row], "none" if held is None else "held"),
            "grad_fn": (
                None if columns.grad_fn_name[row] < 0 else strings[columns.grad_fn_name[row]],
                None if tensor.grad_fn is None else _name(tensor.grad_fn),
            ),
        }
        if held is not None:
            pairs["grad's shape"] = (list(shapes[columns.grad_shape[row]]), list(held.shape))
        wrong += [
            f"{name}'s {what} is {is_so!r}, not {said!r}" for what, (said, is_so) in pairs.items() if said != is_so
        ]
    return wrong


def _wrong_graph(frame: FrameType, snapshot: Snapshot) -> list[str]:  # noqa: C901
    """Every node and edge below the local variables must be among the snapshot's, and look like it."""
    names = _rows_by_name(snapshot)
    shown = [
        tensor for name, tensor in _locals(frame) if (row := names.get(name)) is not None and _shown(snapshot, row)
    ]
    nodes = _walk([tensor.grad_fn for tensor in shown if tensor.grad_fn is not None])
    if any(part.what == "nodes" for part in snapshot.left_out) or len(nodes) > _AT_MOST:
        return []
    columns, strings, shapes = snapshot.nodes, snapshot.strings, snapshot.shapes
    rows = {key: row for row, key in enumerate(columns.key)}
    edges = snapshot.edges
    said = set(zip(edges.source, edges.position, edges.target, edges.input_nr, strict=True))
    wrong: list[str] = []
    for node in nodes:
        row = rows.get(node.metadata.get(_KEY))
        name = _name(node)
        if row is None:
            wrong.append(f"{name} is not among the nodes")
            continue
        if strings[columns.name[row]] != name:
            wrong.append(f"{name} is called {strings[columns.name[row]]}")
        number = node._sequence_nr()
        if columns.sequence[row] != (-1 if number >= 2**63 else number):
            wrong.append(f"{name} has number {number}, not {columns.sequence[row]}")
        for position, (target, input_nr) in enumerate(node.next_functions):
            if target is None:
                continue
            edge = (row, position, rows.get(target.metadata.get(_KEY), -1), input_nr)
            if edge not in said:
                wrong.append(f"the edge {position} of {name} to {type(target).__name__}, input {input_nr}, is not told")
        if name == "AccumulateGrad":
            wrong += _wrong_leaf(node.variable, snapshot, columns.leaf[row], shapes)
    mine = sum(1 for node in nodes for target, _ in node.next_functions if target is not None)
    below = {rows.get(node.metadata.get(_KEY)) for node in nodes}
    theirs = sum(1 for source in edges.source if source in below)
    if not wrong and mine != theirs:
        wrong.append(f"{mine} edges, not {theirs}")
    return wrong


def _wrong_leaf(leaf: torch.Tensor, snapshot: Snapshot, row: int, shapes: Any) -> list[str]:
    if row < 0:
        return ["a leaf has no row"]
    if type(leaf) not in _PLAIN or not _shown(snapshot, row):
        return []
    said = list(shapes[snapshot.tensors.shape[row]])
    return [] if said == list(leaf.shape) else [f"a leaf of {list(leaf.shape)} is said to be {said}"]


def _name(node: Any) -> str:
    """Its class's; a node without a class of its own in Python is called by its C++ name."""
    name = type(node).__name__
    return node.name().rpartition("::")[2] if name == "CppFunction" else name


def _walk(roots: list[Any]) -> list[Any]:
    found = dict.fromkeys(roots)
    queue = list(found)
    while queue:
        for target, _ in queue.pop().next_functions:
            if target is not None and target not in found:
                found[target] = None
                queue.append(target)
                if len(found) > _AT_MOST:
                    return list(found)
    return list(found)
