"""Bytes by what they are for: parameters, buffers, gradients, optimizer state, and what is kept for backward."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from ...wire.memory import DeviceMemory, Keeper, KeptColumns, Memory
from ...wire.snapshot import NodeColumns
from .names import Named
from .reading import Reading, storage_of
from .saved import NodeSaved, Saved
from .tables import NONE
from .tensors import TensorRows

Storage = tuple[int, int]
"""Address and bytes."""

_ALLOCATORS = ("torch.cuda", "torch.xpu")
"""Modules with PyTorch's own caching allocator and its ``memory_stats``."""


class Ledger:
    """Storages entered under what they are for, each once: where it is entered first, it counts.

    Attributes:
        totals: Bytes by the name of the entry.
    """

    def __init__(self) -> None:
        self.totals: dict[str, int] = {}
        self._entered: set[int] = set()

    def enter(self, what: str, storages: Iterable[Storage | None]) -> None:
        """Count those that are not in yet."""
        for storage in storages:
            self.totals[what] = self.totals.get(what, 0) + self.count(storage)

    def count(self, storage: Storage | None) -> int:
        """The storage's bytes; 0 when it was entered before, or cannot be asked."""
        if storage is None or storage[0] in self._entered:
            return 0
        self._entered.add(storage[0])
        return storage[1]

    def bytes_of(self, what: str) -> int:
        """Bytes entered under a name."""
        return self.totals.get(what, 0)


def enter_tensors(
    ledger: Ledger, readings: Sequence[Reading], named: dict[int, Named], *, parameters: set[int]
) -> None:
    """Enter what tensors hold; ``parameters`` are addresses of the storages that are parameters' own."""
    held = [(reading, named.get(id(reading.tensor))) for reading in readings]
    ledger.enter(
        "parameters",
        (reading.storage for reading, _ in held if reading.storage is not None and reading.storage[0] in parameters),
    )
    ledger.enter("buffers", (reading.storage for reading, by in held if by is not None and by.module is not None))
    gradients = (reading.gradient for reading in readings)
    ledger.enter("gradients", (storage_of(gradient) for gradient in gradients if gradient is not None))
    ledger.enter("optimizer", (reading.storage for reading, by in held if by is not None and by.optimizer is not None))


class KeptTable:
    """What nodes keep for backward, by line and module."""

    def __init__(self) -> None:
        self.total = 0
        self.packed = 0
        self.not_shown = 0
        self._rows: dict[tuple[int, int], list[int]] = {}

    def add(self, saved: NodeSaved, ledger: Ledger, *, site: int, module: int) -> None:
        """Enter one node's saved tensors; nodes are added in the order in which they were made."""
        self.packed += sum(slot.state == "packed" for slot in saved.slots)
        self.not_shown += sum(map(is_unknown, saved.slots))
        sizes = [ledger.count(slot.storage) for slot in saved.slots if slot.storage is not None]
        if not any(sizes):
            return
        row = self._rows.setdefault((site, module), [0, 0, 0])
        row[0] += 1
        row[1] += sum(size > 0 for size in sizes)
        row[2] += sum(sizes)
        self.total += sum(sizes)

    def columns(self) -> KeptColumns:
        """Most bytes first."""
        rows = sorted(self._rows.items(), key=lambda entry: -entry[1][2])
        return KeptColumns(
            site=tuple(site for (site, _), _ in rows),
            module=tuple(module for (_, module), _ in rows),
            nodes=tuple(counts[0] for _, counts in rows),
            storages=tuple(counts[1] for _, counts in rows),
            size_bytes=tuple(counts[2] for _, counts in rows),
        )


def is_unknown(slot: Saved) -> bool:
    """Whether it is there, and its bytes cannot be told."""
    return slot.state == "not_shown" or (slot.state in {"live", "changed"} and slot.storage is None)


def kept_by_line(
    saved: Sequence[NodeSaved], ledger: Ledger, *, sites: Sequence[int], modules: Sequence[int]
) -> KeptTable:
    """All nodes' saved tensors, by the rows of the lines and modules that made them."""
    table = KeptTable()
    for row, held in enumerate(saved):
        if held.slots:
            site = sites[row] if row < len(sites) else NONE
            module = modules[row] if row < len(modules) else NONE
            table.add(held, ledger, site=site, module=module)
    return table


def device_memory() -> tuple[DeviceMemory, ...]:
    """What the accelerators' allocators say, of devices that the process has used.

    NOTE [an accelerator is not woken]: only an allocator that the program has initialised is asked.
    Its counters are kept on the host: reading them waits for no kernel.
    """
    found: list[DeviceMemory] = []
    for name in _ALLOCATORS:
        accelerator: Any = sys.modules.get(name)
        if accelerator is None or not accelerator.is_initialized() or not hasattr(accelerator, "memory_stats"):
            continue
        for index in range(accelerator.device_count()):
            try:
                told = accelerator.memory_stats(index)
            except RuntimeError:  # its driver is gone
                continue
            if reserved := told.get("reserved_bytes.all.current", 0):
                found.append(
                    DeviceMemory(
                        device=f"{name.removeprefix('torch.')}:{index}",
                        allocated=told.get("allocated_bytes.all.current", 0),
                        reserved=reserved,
                        peak=told.get("allocated_bytes.all.peak", 0),
                    )
                )
    return tuple(found)


def tell_memory(
    tensors: TensorRows,
    named: dict[int, Named],
    saved: Sequence[NodeSaved],
    nodes: NodeColumns,
    *,
    parameters: set[int],
    keepers: tuple[Keeper, ...],
) -> Memory:
    """All of it, from what the capture has read."""
    ledger = Ledger()
    enter_tensors(ledger, list(tensors.readings.values()), named, parameters=parameters)
    kept = kept_by_line(saved, ledger, sites=nodes.site, modules=nodes.module)
    return Memory(
        parameters=ledger.bytes_of("parameters"),
        buffers=ledger.bytes_of("buffers"),
        gradients=ledger.bytes_of("gradients"),
        optimizer=ledger.bytes_of("optimizer"),
        kept=kept.total,
        kept_by=kept.columns(),
        packed=kept.packed,
        not_shown=kept.not_shown,
        devices=device_memory(),
        keepers=keepers,
    )
