"""Steps of optimizers."""

from __future__ import annotations

from dataclasses import dataclass, field

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
    """

    step: int
    inside: int | None
    optimizer: int
    ordinal: int
    site: Site
    has_closure: bool
    held: Held
    look: Look = field(default_factory=Look)


@dataclass(frozen=True, kw_only=True, slots=True)
class StepEnded:
    """The step returned; ``held`` are this optimizer's gradients as the step left them."""

    step: int
    optimizer: int
    ordinal: int
    site: Site
    held: Held
