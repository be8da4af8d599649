"""What the program does to gradients between backward and step: clearing, clipping, scaling."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ..wire.sites import Site
from .evidence import Evidence, Look


@dataclass(frozen=True, kw_only=True, slots=True)
class GradsCleared:
    """``zero_grad()`` of an optimizer or a module is about to run, and a backward ran since the last step of any.

    What was there is read in the first 64 such calls of a site and then in one of fifty.
    ``p.grad = None`` tells nothing.

    Attributes:
        by: Whose method it is.
        optimizer: Serial of that optimizer, None for a module.
        step: Serial of the optimizer step that this runs in (a closure), or None.
        site: Innermost frame of the user's.
        innermost: Innermost frame outside torch.
        read: What follows was read.
        cleared: Ids of the parameters that had a gradient that is not zero.
        holders: Serials of the optimizers that hold them, as far as they have stepped or called this.
        elsewhere: Another optimizer, which holds none of them, holds a gradient.
        finite: None of their values that were read was NaN or infinite.
        look: Good while the event is seen.
    """

    by: Literal["optimizer", "module"]
    optimizer: int | None
    step: int | None
    site: Site
    innermost: Site
    read: bool = False
    cleared: frozenset[int] = frozenset()
    holders: frozenset[int] = frozenset()
    elsewhere: bool = False
    finite: bool = True
    look: Look = field(default_factory=Look)


@dataclass(frozen=True, kw_only=True, slots=True)
class GradsClipped:
    """``clip_grad_norm_`` or ``clip_grad_value_`` has clipped.

    Attributes:
        by: The function.
        limit: ``max_norm`` or ``clip_value``; None where it is not a number that can be read.
        written: How the user's call writes it: a literal number, a name or attribute, or anything else.
        norm: The total norm before, None where it was not computed or may not be read.
        parameters: Ids of what was clipped; empty where that was not told.
        before: A few of the gradients as they were before, of these parameters; where they were not told,
            of any that optimizers hold.
        site: Innermost frame of the user's.
        innermost: Innermost frame outside torch.
        look: Good while the event is seen.
    """

    by: Literal["clip_grad_norm_", "clip_grad_value_"]
    limit: float | None
    written: Literal["literal", "name", "other"]
    norm: float | None
    parameters: frozenset[int]
    site: Site
    innermost: Site
    before: dict[int, Evidence] = field(default_factory=dict[int, Evidence])
    look: Look = field(default_factory=Look)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScalerScaled:
    """An enabled GradScaler has scaled losses.

    Attributes:
        scaler: Serial of the scaler; never reused in the process.
        scale: Its scale, None where reading it would wait for a device.
        roots: Keys of the nodes of what it gave, as in ``BackwardBegan``.
        site: Innermost frame of the user's.
    """

    scaler: int
    scale: float | None
    roots: tuple[int, ...]
    site: Site


@dataclass(frozen=True, kw_only=True, slots=True)
class ScalerUnscaled:
    """An enabled GradScaler divides an optimizer's gradients by its scale: ``unscale_``, also as part of ``step``."""

    scaler: int
    optimizer: int
    parameters: frozenset[int]
    site: Site


@dataclass(frozen=True, kw_only=True, slots=True)
class ScalerStepped:
    """``step(optimizer)`` of an enabled GradScaler is about to run."""

    scaler: int
    optimizer: int
    parameters: frozenset[int]
    site: Site


@dataclass(frozen=True, kw_only=True, slots=True)
class ScalerUpdated:
    """``update()`` of an enabled GradScaler is about to run."""

    scaler: int
    site: Site
