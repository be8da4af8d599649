"""What backward would do is foreseen as the engine then does it."""

from __future__ import annotations

import linecache
import re
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import torch

from probe.capture.programs import random_program
from probe.capture.stops import Stop, capture, run

PROGRAMS = 700
REASONS = {
    "freed": "a second time",
    "changed": "inplace",
    "no_path": "does not require grad",
    "input": "require",
    "unused": "appears to not have been used in the graph",
    "detached": "detached in-place",
    "gradient": "Mismatch in",
    "not_scalar": "grad can be implicitly created only for scalar outputs",
}
REFUSED = ("One of the differentiated Tensors", "can't retain_grad on Tensor")
"""Torch refuses what is asked for with ``inputs``, not the root: nothing runs, and no sentence foresees it."""


@dataclass
class Watch:
    """One backward of a program: what was foreseen, and what is seen of it from outside."""

    stop: Stop
    tensors: dict[str, torch.Tensor]
    gradients: dict[str, torch.Tensor | None]
    handed_back: set[str]
    arrived: set[str] = field(default_factory=set)
    leaves: set[str] = field(default_factory=set)
    handles: list[Any] = field(default_factory=list)


@dataclass
class Tally:
    """Backwards by what became of them."""

    wrong: list[str] = field(default_factory=list)
    effects: int = 0
    raised: int = 0
    foreseen: int = 0
    unseen: int = 0


def test_random_programs_do_what_was_foreseen():
    tally = Tally()
    for seed in range(PROGRAMS):
        source = random_program(seed)
        watches: list[Watch] = []

        def look(name: str, frame: FrameType) -> None:
            if name == "before":
                watches.append(begin(frame))  # noqa: B023 (called within this turn)
            else:
                judge(watches[-1], frame.f_locals["failure"], tally, f"program {seed}")  # noqa: B023

        program = run(source, on_stop=look)
        assert program.error is None, source
    assert tally.wrong == []
    assert tally.effects > 2 * PROGRAMS
    assert tally.raised > PROGRAMS / 4
    assert tally.unseen <= 0.01 * tally.raised


def begin(frame: FrameType) -> Watch:
    stop = capture(frame)
    tensors = {name: value for name, value in frame.f_locals.items() if isinstance(value, torch.Tensor)}
    gradients = {name: kept(tensor) for name, tensor in tensors.items()}
    watch = Watch(stop, tensors, gradients, handed_back(frame))
    for name, tensor in tensors.items():
        listen(watch, name, tensor)
    return watch


def listen(watch: Watch, name: str, tensor: torch.Tensor) -> None:
    """Note when a gradient arrives: at a leaf by its own hook, at a non-leaf by one on the node that made it."""
    try:
        node: Any = tensor.grad_fn
        if node is None:
            watch.leaves.add(name)
        if node is None and tensor.requires_grad:
            hook = tensor.register_post_accumulate_grad_hook(lambda _: watch.arrived.add(name))
            watch.handles.append(hook)
    except RuntimeError:  # a view that torch no longer answers for
        return
    if node is not None:
        number = tensor.output_nr

        def arrive(gradients: Any) -> None:
            if gradients[number] is not None:
                watch.arrived.add(name)

        watch.handles.append(node.register_prehook(arrive))


def handed_back(frame: FrameType) -> set[str]:
    """Names that ``autograd.grad`` returns the gradients of."""
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
    return set(re.findall(r"\w+", line.partition("autograd.grad(")[2].partition(", ")[2]))


def kept(tensor: torch.Tensor) -> torch.Tensor | None:
    try:
        return tensor.grad if tensor.is_leaf or tensor.retains_grad else None
    except RuntimeError:
        return None


def judge(watch: Watch, failure: str | None, tally: Tally, where: str) -> None:
    for handle in watch.handles:
        handle.remove()
    if failure is not None and "is not defined" in failure:  # the program's own slip
        return
    stop = watch.stop
    tally.raised += failure is not None
    tally.foreseen += stop.raises is not None
    if stop.snapshot.backward.chosen_by != "line":
        tally.wrong.append(f"{where}: no call seen in the line")
    if stop.raises is not None and not any(REASONS[stop.raises] in text for text in [failure or ""]):
        tally.wrong.append(f"{where}: foreseen {stop.raises}, but {failure or 'it ran'}")
    if failure is not None and stop.raises is None and not failure.startswith(REFUSED):
        tally.unseen += 1
        if not has_blind_spot(stop):
            tally.wrong.append(f"{where}: not foreseen: {failure}")
        return
    for name, tensor in watch.tensors.items():
        foreseen = stop.tensors[name].backward_effect
        seen = what_became(watch, name, tensor)
        tally.effects += foreseen in ("new", "added", "dropped")
        if foreseen not in ("unknown", seen):
            tally.wrong.append(f"{where}: {name} foreseen {foreseen}, seen {seen}; {failure}")


def has_blind_spot(stop: Stop) -> bool:
    """Where what was saved cannot be asked: a view written since, and the inside of CopySlices."""
    saved = any(row.version_saved is None and row.version_now for row in stop.saved)
    return saved or "CopySlices" in stop.node_names or any(row.not_shown for row in stop.tensors.values())


def what_became(watch: Watch, name: str, tensor: torch.Tensor) -> str:
    before, after = watch.gradients[name], kept(tensor)
    if before is None and after is not None:
        return "new"
    if name in watch.leaves:
        return "added" if name in watch.arrived else "untouched"
    if after is not before:  # what is retained is replaced by the sum
        return "added"
    return "dropped" if name in watch.arrived and name not in watch.handed_back else "untouched"
