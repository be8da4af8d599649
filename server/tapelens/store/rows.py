"""A snapshot's columns as row objects, with names, shapes and sites looked up.

``None`` stands for "none" or "not shown", as the wire's attributes say. An index that points nowhere
reads as ``None`` too: a snapshot comes from another process, and a front end must not fall over it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from ..wire.gradients import Gradients
from ..wire.numbers import Number, StatisticsColumns
from ..wire.sites import Site
from ..wire.snapshot import BackwardEffect, GradState, HookKind, NodeState, SavedState, Snapshot

T = TypeVar("T")
Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """Numbers read from one tensor; see ``wire.numbers.StatisticsColumns``."""

    count: int
    norm: Number
    minimum: Number
    maximum: Number
    mean: Number
    nan: int
    inf: int
    first: tuple[Number, ...]


@dataclass(frozen=True, kw_only=True)
class HookRow:
    """A hook of the user's, on a tensor or on a node."""

    row: int
    tensor: int | None
    node: int | None
    kind: HookKind
    name: str
    site: Site | None


@dataclass(frozen=True, kw_only=True)
class TensorRow:
    """One tensor; see ``wire.snapshot.TensorColumns``.

    Attributes:
        name: Its best name; for a leaf that no name of the frame reaches, its class in brackets.
        grad_fn: Node row.
        grad_fn_key: The node's key.
        node: Node row that stands for it in the graph: its ``grad_fn``, or a leaf's AccumulateGrad.
        storage_bytes: Of its storage, which others may share.
    """

    row: int
    name: str
    names: tuple[str, ...]
    type_name: str
    shape: Shape | None
    dtype: str | None
    device: str | None
    layout: str | None
    is_leaf: bool | None
    requires_grad: bool | None
    retains_grad: bool | None
    is_view: bool | None
    grad: GradState
    grad_shape: Shape | None
    grad_statistics: Statistics | None
    statistics: Statistics | None
    grad_fn: int | None
    grad_fn_key: int | None
    grad_fn_name: str | None
    node: int | None
    output_nr: int
    version: int | None
    base: int | None
    storage: int | None
    storage_bytes: int | None
    module: str | None
    optimizer: str | None
    backward_effect: BackwardEffect
    in_frame: bool
    not_shown: str | None
    hooks: tuple[HookRow, ...]


@dataclass(frozen=True, kw_only=True)
class NodeRow:
    """One autograd node; see ``wire.snapshot.NodeColumns``.

    Attributes:
        leaf: Tensor row of the leaf that an AccumulateGrad adds to.
    """

    row: int
    key: int
    name: str
    sequence: int | None
    thread: int | None
    site: Site | None
    module: str | None
    shape: Shape | None
    dtype: str | None
    device: str | None
    leaf: int | None
    state: NodeState
    saved_bytes: int | None
    custom: Site | None


@dataclass(frozen=True, kw_only=True)
class EdgeRow:
    """``source.next_functions[position] == (target, input_nr)``; node rows."""

    source: int
    position: int
    target: int
    input_nr: int


@dataclass(frozen=True, kw_only=True)
class SavedRow:
    """A tensor that a node saved for backward."""

    node: int
    name: str
    shape: Shape | None
    dtype: str | None
    size_bytes: int | None
    version_saved: int | None
    version_now: int | None
    state: SavedState
    tensor: int | None


@dataclass(frozen=True, kw_only=True)
class KeptRow:
    """What the nodes of one line and module keep; see ``wire.memory.KeptColumns``."""

    site: Site | None
    module: str | None
    nodes: int
    storages: int
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class EdgeGradientRow:
    """What flowed along one edge; node keys."""

    source: int
    position: int
    target: int
    input_nr: int
    shape: Shape | None
    statistics: Statistics | None


@dataclass(frozen=True, kw_only=True)
class NodeGradientRow:
    """The sum that arrived at one output of a node's forward."""

    key: int
    output_nr: int
    shape: Shape | None
    statistics: Statistics | None


@dataclass(frozen=True, kw_only=True)
class LeafGradientRow:
    """What a leaf's ``.grad`` became; ``shape`` is None when it is None."""

    key: int
    was_held: bool
    shape: Shape | None
    statistics: Statistics | None


def tensor_rows(snapshot: Snapshot) -> list[TensorRow]:
    """All tensors, as the snapshot orders them."""
    columns = snapshot.tensors
    strings, shapes = snapshot.strings, snapshot.shapes
    hooks: dict[int, list[HookRow]] = {}
    for hook in hook_rows(snapshot):
        if hook.tensor is not None:
            hooks.setdefault(hook.tensor, []).append(hook)
    accumulators = {leaf: row for row, leaf in enumerate(snapshot.nodes.leaf) if leaf >= 0}
    found: list[TensorRow] = []
    for row, name_rows in enumerate(columns.names):
        names = tuple(name for each in name_rows if (name := _at(strings, each)) is not None)
        type_name = _at(strings, columns.type_name[row]) or "Tensor"
        grad_fn = _row(columns.grad_fn[row])
        found.append(
            TensorRow(
                row=row,
                name=names[0] if names else f"<{type_name}>",
                names=names,
                type_name=type_name,
                shape=_at(shapes, columns.shape[row]),
                dtype=_at(strings, columns.dtype[row]),
                device=_at(strings, columns.device[row]),
                layout=_at(strings, columns.layout[row]),
                is_leaf=_flag(columns.is_leaf[row]),
                requires_grad=_flag(columns.requires_grad[row]),
                retains_grad=_flag(columns.retains_grad[row]),
                is_view=_flag(columns.is_view[row]),
                grad=columns.grad[row],
                grad_shape=_at(shapes, columns.grad_shape[row]),
                grad_statistics=statistics_at(snapshot.statistics, columns.grad_statistics[row]),
                statistics=statistics_at(snapshot.statistics, columns.statistics[row]),
                grad_fn=grad_fn,
                grad_fn_key=_at(snapshot.nodes.key, columns.grad_fn[row]),
                grad_fn_name=_at(strings, columns.grad_fn_name[row]),
                node=grad_fn if grad_fn is not None else accumulators.get(row),
                output_nr=columns.output_nr[row],
                version=_row(columns.version[row]),
                base=_row(columns.base[row]),
                storage=_row(columns.storage[row]),
                storage_bytes=_at(snapshot.storage_bytes, columns.storage[row]),
                module=_at(strings, columns.module[row]),
                optimizer=_at(strings, columns.optimizer[row]),
                backward_effect=columns.backward_effect[row],
                in_frame=columns.in_frame[row] == 1,
                not_shown=_at(strings, columns.not_shown[row]),
                hooks=tuple(hooks.get(row, ())),
            )
        )
    return found


def node_rows(snapshot: Snapshot) -> list[NodeRow]:
    """All nodes in tape order, leaves first."""
    columns = snapshot.nodes
    strings = snapshot.strings
    return [
        NodeRow(
            row=row,
            key=key,
            name=_at(strings, columns.name[row]) or "Node",
            sequence=_row(columns.sequence[row]),
            thread=_row(columns.thread[row]),
            site=_at(snapshot.sites, columns.site[row]),
            module=_at(strings, columns.module[row]),
            shape=_at(snapshot.shapes, columns.shape[row]),
            dtype=_at(strings, columns.dtype[row]),
            device=_at(strings, columns.device[row]),
            leaf=_row(columns.leaf[row]),
            state=columns.state[row],
            saved_bytes=_row(columns.saved_bytes[row]),
            custom=_at(snapshot.sites, columns.custom[row]),
        )
        for row, key in enumerate(columns.key)
    ]


def edge_rows(snapshot: Snapshot) -> list[EdgeRow]:
    """All edges."""
    columns = snapshot.edges
    return [
        EdgeRow(source=source, position=position, target=target, input_nr=input_nr)
        for source, position, target, input_nr in zip(
            columns.source, columns.position, columns.target, columns.input_nr, strict=True
        )
    ]


def saved_rows(snapshot: Snapshot) -> list[SavedRow]:
    """All saved tensors."""
    columns = snapshot.saved
    return [
        SavedRow(
            node=node,
            name=_at(snapshot.strings, columns.name[row]) or "",
            shape=_at(snapshot.shapes, columns.shape[row]),
            dtype=_at(snapshot.strings, columns.dtype[row]),
            size_bytes=_row(columns.size_bytes[row]),
            version_saved=_row(columns.version_saved[row]),
            version_now=_row(columns.version_now[row]),
            state=columns.state[row],
            tensor=_row(columns.tensor[row]),
        )
        for row, node in enumerate(columns.node)
    ]


def hook_rows(snapshot: Snapshot) -> list[HookRow]:
    """All hooks of the user's."""
    columns = snapshot.hooks
    return [
        HookRow(
            row=row,
            tensor=_row(tensor),
            node=_row(columns.node[row]),
            kind=columns.kind[row],
            name=_at(snapshot.strings, columns.name[row]) or "a hook",
            site=_at(snapshot.sites, columns.site[row]),
        )
        for row, tensor in enumerate(columns.tensor)
    ]


def kept_rows(snapshot: Snapshot) -> list[KeptRow]:
    """Bytes kept for backward by line and module, most first."""
    columns = snapshot.memory.kept_by
    return [
        KeptRow(
            site=_at(snapshot.sites, site),
            module=_at(snapshot.strings, columns.module[row]),
            nodes=columns.nodes[row],
            storages=columns.storages[row],
            size_bytes=columns.size_bytes[row],
        )
        for row, site in enumerate(columns.site)
    ]


def edge_gradient_rows(gradients: Gradients) -> list[EdgeGradientRow]:
    """What flowed, in the order in which it flowed."""
    columns = gradients.edges
    return [
        EdgeGradientRow(
            source=source,
            position=columns.position[row],
            target=columns.target[row],
            input_nr=columns.input_nr[row],
            shape=_at(gradients.shapes, columns.shape[row]),
            statistics=statistics_at(gradients.statistics, columns.statistics[row]),
        )
        for row, source in enumerate(columns.source)
    ]


def node_gradient_rows(gradients: Gradients) -> list[NodeGradientRow]:
    """The sums that arrived, in the order in which the nodes ran."""
    columns = gradients.nodes
    return [
        NodeGradientRow(
            key=key,
            output_nr=columns.output_nr[row],
            shape=_at(gradients.shapes, columns.shape[row]),
            statistics=statistics_at(gradients.statistics, columns.statistics[row]),
        )
        for row, key in enumerate(columns.key)
    ]


def leaf_gradient_rows(gradients: Gradients) -> list[LeafGradientRow]:
    """What the leaves' ``.grad`` became."""
    columns = gradients.leaves
    return [
        LeafGradientRow(
            key=key,
            was_held=columns.was[row] == "held",
            shape=_at(gradients.shapes, columns.shape[row]),
            statistics=statistics_at(gradients.statistics, columns.statistics[row]),
        )
        for row, key in enumerate(columns.key)
    ]


def statistics_at(columns: StatisticsColumns, row: int) -> Statistics | None:
    """One row of a message's statistics, None for -1."""
    if not 0 <= row < len(columns.count):
        return None
    return Statistics(
        count=columns.count[row],
        norm=columns.norm[row],
        minimum=columns.minimum[row],
        maximum=columns.maximum[row],
        mean=columns.mean[row],
        nan=columns.nan[row],
        inf=columns.inf[row],
        first=columns.first[row],
    )


def _at(table: Sequence[T], row: int) -> T | None:
    return table[row] if 0 <= row < len(table) else None


def _row(value: int) -> int | None:
    return value if value >= 0 else None


def _flag(value: int) -> bool | None:
    return None if value < 0 else value == 1
