"""What tensors hold, and who keeps old graphs alive, in words."""

from __future__ import annotations

from ..wire.memory import Keeper, Memory
from ..wire.panel import KeeperSentence
from ..wire.snapshot import Snapshot
from .wording import counted, listed, size

WORTH_SAYING = 64 * 1024
"""Bytes in all, below which a terminal need not tell."""


def is_worth_saying(memory: Memory) -> bool:
    """Whether a short report should speak of memory at all."""
    beside = memory.parameters + memory.buffers + memory.gradients + memory.optimizer
    return bool(memory.keepers or memory.devices or memory.kept + beside >= WORTH_SAYING)


def memory_line(memory: Memory) -> str:
    """All sums in one line: ``12.4 MiB kept for backward, beside 1.2 MiB of parameters and …``."""
    beside = (
        ("parameters", memory.parameters),
        ("buffers", memory.buffers),
        ("gradients", memory.gradients),
        ("optimizer state", memory.optimizer),
    )
    there = [f"{size(held)} of {what}" for what, held in beside if held]
    apart = [
        f"{counted(count, 'saved tensor')} {why}"
        for count, why in ((memory.packed, "that hooks packed"), (memory.not_shown, "whose bytes are not shown"))
        if count
    ]
    line = f"{size(memory.kept)} kept for backward" + (f" (and {listed(apart)})" if apart else "")
    return f"{line}, beside {listed(there)}" if there else line


def device_lines(memory: Memory) -> list[str]:
    """One for each accelerator."""
    return [
        f"{each.device}: {size(each.allocated)} allocated, at most {size(each.peak)} so far, "
        f"{size(each.reserved)} reserved"
        for each in memory.devices
    ]


def keeper_sentences(snapshot: Snapshot) -> tuple[KeeperSentence, ...]:
    """One for each keeper."""
    return tuple(
        KeeperSentence(keeper=row, text=_text(keeper, snapshot), advice=_advice(keeper))
        for row, keeper in enumerate(snapshot.memory.keepers)
    )


def _text(keeper: Keeper, snapshot: Snapshot) -> str:
    subject = _subject(keeper, snapshot)
    if keeper.steps > keeper.tensors:
        through = f"reaches back through {counted(keeper.steps, 'earlier step')}"
        return f"{subject} {through} and keeps their graphs alive: {_amount(keeper)}."
    if keeper.tensors > 1:
        graphs = f"the graphs of {counted(keeper.tensors, 'tensor')} from earlier steps"
        return f"{subject} keeps {graphs} alive ({keeper.first} … {keeper.last}): {_amount(keeper)}."
    return f"{subject} keeps a graph of an earlier step alive: {_amount(keeper)}."


def _subject(keeper: Keeper, snapshot: Snapshot) -> str:
    match keeper.kind:
        case "closure":
            return f"{keeper.path}, in the closure of {keeper.function},"
        case "generator":
            return f"{keeper.path}, a paused generator,"
        case "exception":
            return f"The traceback of {keeper.path}"
        case _:
            elsewhere = keeper.function not in {"", snapshot.site.function, "__main__"}
            return f"{keeper.path} (in {keeper.function})" if elsewhere else keeper.path


def _amount(keeper: Keeper) -> str:
    nodes = counted(keeper.nodes, "node")
    if keeper.at_least:
        return f"at least {nodes}" + (f" and {size(keeper.size_bytes)}" if keeper.size_bytes else "")
    return f"{nodes} and {size(keeper.size_bytes)}" if keeper.size_bytes else f"{nodes}, with no buffers in them"


def _advice(keeper: Keeper) -> str:
    match keeper.kind:
        case "exception":
            return "Drop the exception when it is dealt with: its traceback holds every frame that it passed."
        case "generator":
            return "Detach what the generator holds across its yield, or close it."
        case _ if keeper.steps > keeper.tensors:
            return "Add .item() to a sum, or .detach() what is carried from step to step."
        case _ if keeper.tensors > 1:
            return "Store .item() or .detach() of what is only looked at later."
        case _:
            return "Store .detach() of it, or drop it when it is no longer needed."
