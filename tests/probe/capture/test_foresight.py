"""What backward would do is foreseen as the engine then does it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import torch

from probe.capture.oracle import Backward, Truth, backwards_of
from probe.capture.programs import random_program
from tapelens.wire.snapshot import RaiseReason
from torch_features import KEEPS_SAVED

PROGRAMS = int(os.environ.get("TAPELENS_FORESIGHT_PROGRAMS", "800"))
SENTENCES: dict[RaiseReason, tuple[str, ...]] = {
    "freed": ("a second time",),
    "changed": ("modified by an inplace operation", "has been modified inplace"),
    "detached": ("detached in-place",),
    "no_path": ("does not require grad and does not have a grad_fn",),
    "not_scalar": ("grad can be implicitly created only for",),
    "gradient": ("Mismatch in",),
    "input": (
        "One of the differentiated Tensors does not require grad",
        "can't retain_grad on Tensor that has requires_grad=False",
    ),
    "unused": ("appears to not have been used in the graph",),
    "no_derivative": ("is not implemented", "marked with @once_differentiable"),
    "moved": ("moved into the graph interior",),
    "checkpoint": ("When use_reentrant=True",),
}
"""Torch's own words for what we foresee."""

SLIPS = ("is not defined", "NoneType", "to be a torch.Tensor")
"""The program's own, before torch is asked."""

PASSED_OVER = "calls of post_accumulate hooks, seen 0"
"""Torch 2.4 does not run those of a leaf that was detached in place, newer torch does."""


@dataclass
class Tally:
    """Backwards and tensors by what was said of them."""

    wrong: list[str] = field(default_factory=list)
    programs: int = 0
    backwards: int = 0
    raised: int = 0
    foreseen: int = 0
    doubts: int = 0
    effects: int = 0
    unknown: int = 0
    received: int = 0
    hooks: int = 0

    def unknown_share(self) -> float:
        """Of all verdicts: one a backward, whether it raises, and one for each tensor of one that does not."""
        return (self.doubts + self.unknown) / (self.backwards + self.effects)

    def figures(self) -> str:
        return (
            f"{self.programs} programs, {self.backwards} backwards: {self.raised} raised, {self.foreseen} foreseen, "
            f"{self.doubts} in doubt; {self.effects} tensors, {self.unknown} unknown; {self.hooks} calls of hooks; "
            f"{len(self.wrong)} wrong; {100 * self.unknown_share():.2f} % of verdicts unknown"
        )


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Kernels on four numbers gain nothing from a pool of threads, and wait long for it on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.timeout(120 + PROGRAMS // 2)
@pytest.mark.usefixtures("one_thread")
def test_random_programs_do_what_was_foreseen():
    tally = Tally()
    for seed in range(PROGRAMS):
        judge_program(seed, tally)
    print(tally.figures())
    assert [fault for fault in tally.wrong if not (KEEPS_SAVED and fault.endswith(PASSED_OVER))] == []
    assert tally.received > 2 * PROGRAMS
    assert tally.raised > PROGRAMS / 4
    assert tally.unknown_share() < (0.1 if KEEPS_SAVED else 0.02)


def judge_program(seed: int, tally: Tally) -> None:
    tally.programs += 1
    for index, backward in enumerate(backwards_of(random_program(seed))):
        assert backward.truth is not None
        for fault in judge(backward, backward.truth, tally):
            tally.wrong.append(f"program {seed}, backward {index}: {fault}")


def judge(backward: Backward, truth: Truth, tally: Tally) -> list[str]:
    if any(slip in (truth.failure or "") for slip in SLIPS):
        return []
    foreseen = backward.foreseen.snapshot.backward
    if foreseen.chosen_by == "all":  # no line and no scalar says what would be run
        return []
    tally.backwards += 1
    tally.raised += truth.failure is not None
    wrong: list[str] = []
    if backward.failure != truth.failure:
        wrong.append(f"captured it said {backward.failure}, bare {truth.failure}")
    if foreseen.will_raise is not None:
        tally.foreseen += 1
        reason = foreseen.will_raise.reason
        first = not KEEPS_SAVED or not truth.failure  # else what was kept may raise before it
        if first and not any(sentence in (truth.failure or "") for sentence in SENTENCES[reason]):
            wrong.append(f"foreseen {reason}, but {truth.failure or 'it ran'}")
    elif foreseen.doubt is not None:
        tally.doubts += 1
    elif truth.failure is not None:
        wrong.append(f"not foreseen: {truth.failure}")
    if truth.failure is None:
        wrong += wrong_counts(backward, truth, tally)
    return wrong + wrong_effects(backward, truth, tally)


def wrong_effects(backward: Backward, truth: Truth, tally: Tally) -> list[str]:
    wrong: list[str] = []
    tensors = backward.foreseen.tensors
    for name, seen in truth.effects.items():
        foreseen = tensors[name].backward_effect
        tally.received += seen in {"new", "added", "dropped"}
        if truth.failure is None:
            tally.effects += 1
            tally.unknown += foreseen == "unknown"
        elif backward.foreseen.snapshot.backward.will_raise is None:
            continue  # what was said holds only if it does not raise
        if foreseen not in ("unknown", seen):
            wrong.append(f"{name} foreseen {foreseen}, seen {seen}; {truth.failure}")
    return wrong


def wrong_counts(backward: Backward, truth: Truth, tally: Tally) -> list[str]:
    foreseen = backward.foreseen.snapshot.backward
    wrong: list[str] = []
    if foreseen.will_raise is None and truth.comparable and foreseen.doubt is None:
        if foreseen.nodes_freed != truth.freed:
            wrong.append(f"foreseen {foreseen.nodes_freed} nodes freed, seen {truth.freed}")
        if foreseen.bytes_freed != truth.freed_bytes:
            wrong.append(f"foreseen {foreseen.bytes_freed} bytes freed, seen {truth.freed_bytes}")
    tensors = backward.foreseen.tensors
    rows = [backward.foreseen.hooks[row] for row in foreseen.hooks]
    for name, tensor in ((name, tensor) for name, tensor in tensors.items() if name in truth.effects):
        for kind in ("tensor_pre", "post_accumulate"):
            said = sum(row.tensor == tensor.row and row.kind == kind for row in rows)
            seen = truth.hooks.get((name, kind), 0)
            tally.hooks += seen
            moved = tensor.is_leaf is not True and tensor.version  # its hooks stayed with what it was before a write
            if said != seen and not moved:
                wrong.append(f"{name}: foreseen {said} calls of {kind} hooks, seen {seen}")
    return wrong
