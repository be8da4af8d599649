"""How large the gradients are that steps use, and which operation spoilt them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from ..wire.sites import Site
from .evidence import Look


class Culprit(NamedTuple):
    """The operation that turned finite numbers into NaN or infinite ones.

    Attributes:
        node: Name of the node's type.
        site: The line that made the node; None where that is not known.
        module: Path of the module that made it, or empty.
        how: ``backward``: it was watched as its backward did so. ``forward``: its result is so, and what
            it was given is not. ``alone``: it is the only one of the graph that can.
    """

    node: str
    site: Site | None
    module: str
    how: Literal["backward", "forward", "alone"]


@dataclass(frozen=True, kw_only=True, slots=True)
class NonFiniteUsed:
    """A step of an optimizer has used gradients that are not finite.

    Attributes:
        parameters: Ids of the parameters that have one, those that were looked at.
        held: How many parameters the optimizer has.
        what: ``NaN``, ``Inf`` or both.
        changed: A parameter that had finite values has others now.
        backward: The last backward before the step, as the user's line; None when none was seen.
        culprit: None where it is not known.
        look: Good while the event is seen.
    """

    step: int
    optimizer: int
    ordinal: int
    site: Site
    parameters: tuple[int, ...]
    held: int
    what: str
    changed: bool
    backward: Site | None
    culprit: Culprit | None
    look: Look = field(default_factory=Look)


class LayerNorm(NamedTuple):
    """A weight's gradient.

    Attributes:
        parameter: ``id`` of the weight.
        rms: Root mean square of its elements, neither zero nor infinite.
    """

    parameter: int
    rms: float


@dataclass(frozen=True, kw_only=True, slots=True)
class GradientsMeasured:
    """The gradients that a step is about to use, in the steps in which they are measured.

    Attributes:
        backward: The last backward before the step, as the user's line.
        layers: Weights in the order in which the optimizer holds them: tensors of two dimensions and more.
        norm: Euclidean norm of all gradients together.
        look: Good while the event is seen.
    """

    step: int
    optimizer: int
    ordinal: int
    backward: Site
    layers: tuple[LayerNorm, ...]
    norm: float
    look: Look = field(default_factory=Look)
