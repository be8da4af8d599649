"""Optimizers, parameters and modules as they come into being."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..wire.sites import Site
from .evidence import Look


@dataclass(frozen=True, kw_only=True, slots=True)
class OptimizerMade:
    """An optimizer's constructor has run: torch's own part of it.

    Attributes:
        optimizer: Serial of the optimizer, as in ``HeldKey``.
        kind: Name of its class.
        site: Innermost frame of the user's.
        innermost: Innermost frame outside torch.
        parameters: Ids of what it was given.
        look: Good while the event is seen.
    """

    optimizer: int
    kind: str
    site: Site
    innermost: Site
    parameters: tuple[int, ...]
    look: Look = field(default_factory=Look)
