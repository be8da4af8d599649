"""Steps of optimizers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ..wire.sites import Site
from .evidence import Held, Look


@dataclass(frozen=True, kw_only=True, slots=True)
class StepBegan:
    """An optimizer is about to step.

    Attributes:
        step: Serial of the step in the process, from 1.
        inside: Step of any optimizer that this one runs in (``super().step()``, a wrapper), or None.
        optimizer: Serial of the optimizer.
        ordinal: Which step of this optimizer it is since the probe is in, from 1; of a step and the
            ``super().step()`` in it, the same.
        held: Before the step: those under suspicion.
        look: Good while the event is seen.
        learning_rates: One a group; None where it is not a number that can be read.
        found_inf: A fused optimizer was told that its gradients overflowed, and will skip.
        scaler: Serial of the GradScaler whose ``step`` this one runs in, or None.
        gradients: Of the held parameters: at least one is not zero (``some``), all that are there are zero,
            or none is there; None where they may not be read. Zeros are looked for only after a clearing.
        had_gradients: A held parameter has a gradient, or had one at an earlier step of this optimizer.
        stale: All gradients there are as this optimizer's last step left them, by object, version and
            values; None where the values then were not read.
    """

    step: int
    inside: int | None
    optimizer: int
    ordinal: int
    site: Site
    has_closure: bool
    held: Held
    look: Look = field(default_factory=Look)
    learning_rates: tuple[float | None, ...] = ()
    found_inf: bool = False
    scaler: int | None = None
    gradients: Literal["some", "zero", "none"] | None = None
    had_gradients: bool = True
    stale: bool | None = False


@dataclass(frozen=True, kw_only=True, slots=True)
class StepEnded:
    """The step returned; ``held`` are this optimizer's gradients as the step left them.

    Attributes:
        moved: Whether it changed any of the parameters' values that were looked at, all of which had a
            gradient that is finite and not zero and a learning rate that is not 0; None where none was
            looked at. Looked at until a step of the optimizer has changed one.
        frozen: Ids of parameters with ``requires_grad=False`` that it changed, though since its last step
            nothing gave them a new gradient; they were frozen then, too.
        look: Good while the event is seen.
    """

    step: int
    optimizer: int
    ordinal: int
    site: Site
    held: Held
    moved: bool | None = None
    frozen: tuple[int, ...] = ()
    look: Look = field(default_factory=Look)
