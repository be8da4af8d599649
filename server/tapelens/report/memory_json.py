"""A stop's memory as JSON for programs to read; its shape is in ``json``'s docstring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..store.rows import KeptRow, NodeRow, kept_rows
from ..wire.memory import Keeper
from ..wire.snapshot import Snapshot
from .memory import keeper_sentences


def memory_object(snapshot: Snapshot, nodes: Sequence[NodeRow]) -> dict[str, Any]:
    """The object."""
    memory = snapshot.memory
    keepers = [
        _keeper_object(memory.keepers[told.keeper], nodes, f"{told.text} {told.advice}")
        for told in keeper_sentences(snapshot)
    ]
    return {
        "parameters": memory.parameters,
        "buffers": memory.buffers,
        "gradients": memory.gradients,
        "optimizer": memory.optimizer,
        "kept": memory.kept,
        "kept_by": [_kept_object(row) for row in kept_rows(snapshot)],
        "packed": memory.packed,
        "not_shown": memory.not_shown,
        "devices": [asdict(each) for each in memory.devices],
        "keepers": keepers,
    }


def _keeper_object(keeper: Keeper, nodes: Sequence[NodeRow], message: str) -> dict[str, Any]:
    return {
        "path": keeper.path,
        "first": keeper.first,
        "last": keeper.last,
        "kind": keeper.kind,
        "function": keeper.function,
        "tensors": keeper.tensors,
        "steps": keeper.steps,
        "node": nodes[keeper.node].key if 0 <= keeper.node < len(nodes) else None,
        "nodes": keeper.nodes,
        "bytes": keeper.size_bytes,
        "at_least": keeper.at_least,
        "message": message,
    }


def _kept_object(row: KeptRow) -> dict[str, Any]:
    return {
        "path": row.site.path if row.site else None,
        "line": row.site.line if row.site else None,
        "function": row.site.function if row.site else None,
        "module": row.module,
        "nodes": row.nodes,
        "storages": row.storages,
        "bytes": row.size_bytes,
    }
