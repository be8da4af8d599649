"""What the program does with autograd, in the order of one way through it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Literal

from .values import Items, Loops, Node, Optimizer, Place, Tensor, Value

Guards = tuple[tuple[int, int], ...]
"""The branches around a moment, outermost first: which branch, which arm of it."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Moment:
    """When and where something happens.

    Attributes:
        calls: Calls of the project's own functions around it, outermost first.
        tried: Somebody may catch what it raises.
        step: The step whose closure it happens in.
    """

    at: int
    place: Place
    guards: Guards
    loops: Loops
    calls: tuple[ast.AST, ...]
    tried: bool
    step: int | None

    def is_with(self, other: Moment) -> bool:
        """Whether some way through the program comes by both."""
        mine = dict(self.guards)
        return all(mine.get(branch, arm) == arm for branch, arm in other.guards)

    def follows(self, other: Moment) -> bool:
        """Whether every way that comes by here came by the other, or would have in that round of a loop."""
        return set(other.guards) <= set(self.guards)

    def loop_from(self, earlier: Moment) -> int | None:
        """The loop of which this is a later round than that moment; None in the same round."""
        for (loop, turn), (other, before) in zip(self.loops, earlier.loops, strict=False):
            if loop != other:
                return None
            if turn != before:
                return loop
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Act:
    """One thing that happens."""

    when: Moment


@dataclass(frozen=True, slots=True, eq=False)
class Backward(Act):
    """``backward()`` or ``autograd.grad``.

    Attributes:
        is_cut: The root surely required no gradient then.
        is_leaf: It surely was a leaf that did.
        retain: True where the text says so, False where it is left out, None where it is something else.
    """

    root: Value
    retain: bool | None
    create: bool | None
    kind: Literal["backward", "grad"]
    has_inputs: bool
    has_gradient: bool = False
    inputs: tuple[Value, ...] = ()
    is_cut: bool = False
    is_leaf: bool = False
    nodes: tuple[Node, ...] | None = None  # the roots'; None where unknown


@dataclass(frozen=True, slots=True, eq=False)
class Step(Act):
    """An optimizer's step.

    Attributes:
        number: Of the call, for what happens in its closure.
    """

    optimizer: Optimizer
    number: int
    has_closure: bool
    scaler: Value | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Cleared(Act):
    """Gradients of these are zeroed or dropped.

    Attributes:
        by: The optimizer whose method it is.
    """

    of: tuple[Value, ...]
    by: Optimizer | None = None


@dataclass(frozen=True, slots=True, eq=False)
class GradWritten(Act):
    """Gradients of these are changed."""

    of: tuple[Value, ...]


@dataclass(frozen=True, slots=True, eq=False)
class GradRead(Act):
    """``.grad`` is read; ``of_nonleaf``: surely of a tensor that keeps none."""

    of: Value
    of_nonleaf: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Clipped(Act):
    """Gradients of these are clipped; ``constant``: to a norm that no scale enters."""

    of: tuple[Value, ...]
    constant: bool


@dataclass(frozen=True, slots=True, eq=False)
class Scaled(Act):
    """A scaler multiplies a loss."""

    scaler: Value


@dataclass(frozen=True, slots=True, eq=False)
class Unscaled(Act):
    """``scaler.unscale_(optimizer)``."""

    scaler: Value
    optimizer: Value


@dataclass(frozen=True, slots=True, eq=False)
class ScaleUpdated(Act):
    """``scaler.update()``."""

    scaler: Value


@dataclass(frozen=True, slots=True, eq=False)
class Unknown(Act):
    """A call of something foreign that may do anything with these."""

    of: tuple[Value, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Tied(Act):
    """A value with a graph takes the place of one that it was made from.

    Attributes:
        name: As the program writes it.
    """

    name: str
    value: Tensor
    before: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Kept(Act):
    """A value with a graph is put into a container."""

    items: Items
    value: Tensor
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Emptied(Act):
    """Some of a container is taken out."""

    items: Items


@dataclass(frozen=True, slots=True, eq=False)
class Hooked(Act):
    """A hook is registered."""

    target: Value
    call: Place
    method: str


@dataclass(frozen=True, slots=True, eq=False)
class Unhooked(Act):
    """A handle of these registrations is removed; None: of some that are unknown."""

    call: Place | None


@dataclass(frozen=True, slots=True, eq=False)
class Forward(Act):
    """A module is called."""

    module: Value
    grad_mode: bool | None


@dataclass(frozen=True, slots=True, eq=False)
class ModeSet(Act):
    """``train()`` or ``eval()``; None: by an argument that is not constant."""

    module: Value
    training: bool | None


@dataclass(frozen=True, slots=True, eq=False)
class Made(Act):
    """An optimizer is constructed."""

    optimizer: Optimizer
    tensors: tuple[Tensor, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Placed(Act):
    """A module becomes a part of another one."""

    owner: Value
    name: str
    part: Value
    replaced: Value | None


@dataclass(frozen=True, slots=True, eq=False)
class Updated(Act):
    """A leaf or parameters are changed in place by an expression over their own gradient."""

    of: Value


@dataclass(frozen=True, slots=True, eq=False)
class Loaded(Act):
    """State is loaded into it, it is frozen, or its parameters are used in a way of one's own."""

    of: tuple[Value, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Escaped(Act):
    """Somebody unknown gets this: it is returned to a caller who is not in sight, or kept in an object of theirs."""

    value: Value


@dataclass(frozen=True, slots=True, eq=False)
class Changed(Act):
    """Parameters of these are changed in place, by a step's means or not, so that their version shows it."""

    of: Value
    how: str


@dataclass(frozen=True, slots=True, eq=False)
class Refused(Act):
    """A leaf that requires a gradient is written in place with grad mode on."""

    of: Tensor
    how: str
