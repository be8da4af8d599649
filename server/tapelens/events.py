"""What the probe saw happen. Rules read it; it never leaves the process.

No event holds a tensor, a node or a graph: only ids, versions, sampled numbers, keys and sites.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from .wire.sites import Site


class HeldKey(NamedTuple):
    """A parameter as one optimizer holds it.

    Attributes:
        optimizer: The serial that the probe gave the optimizer; never reused in the process.
        parameter: ``id`` of the parameter; good only while the optimizer holds it.
    """

    optimizer: int
    parameter: int


class Evidence(NamedTuple):
    """What is known of a gradient without keeping it.

    ``identity`` and ``version`` raise suspicion only (addresses are reused, ``.data`` writes bump
    nothing); ``sample`` is a few of its values and settles it.

    Attributes:
        identity: ``id`` of the gradient.
        version: Its version counter.
        sample: A few of its values, not all zero; empty when they were not read.
    """

    identity: int
    version: int
    sample: tuple[float, ...]

    def agrees_with(self, other: Evidence | None) -> bool:
        """Nothing that was read tells the two apart."""
        if other is None or (self.identity, self.version) != (other.identity, other.version):
            return False
        return self.sample == other.sample or not self.sample or not other.sample

    def proves(self, other: Evidence | None) -> bool:
        """It is the same gradient, untouched: values were read both times."""
        return bool(self.sample) and self == other


Sample = tuple[float, ...]

Held = dict[HeldKey, Evidence]
"""Gradients that optimizers hold and that are neither None nor zero.

Bounded: at a step's exit all of the optimizer's in its first five steps, then in one of fifty, and in
the step after anything became suspicious; elsewhere those under suspicion. An absent one is not, or
is no longer, what it was, or was not read.
"""


class Leaf(NamedTuple):
    """A leaf that no optimizer is known to hold.

    Attributes:
        gradient: None where it has none, or one that is zero.
        value: A few of the leaf's own values.
    """

    gradient: Evidence | None
    value: Sample


Leaves = dict[int, Leaf]
"""By ``id`` of the leaf; read in the first five calls of a site and in one of fifty, else empty."""


class Look:
    """What can be asked while an event is seen, and costs something. This one knows nothing."""

    def optimizer(self, optimizer: int) -> str:  # noqa: ARG002
        """What the user's frame calls the optimizer, else its class."""
        return "optimizer"

    def parameter(self, parameter: int) -> str:  # noqa: ARG002
        """What the user's frame calls the parameter, else its place in the optimizer."""
        return "a parameter"

    def norm(self, parameters: Iterable[int]) -> float | None:  # noqa: ARG002
        """Euclidean norm of the parameters' gradients as they are now; None where it may not be read."""
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class BackwardBegan:
    """A call into the engine is about to run (``torch/autograd/graph.py``, ``_engine_run_backward``).

    Attributes:
        call: Serial of the call in the process, from 1.
        inside: Call that this one runs in (reentrant checkpoint, hooks), or None.
        step: Serial of the optimizer step that this call runs in (a closure), or None.
        site: Innermost frame of the user's.
        innermost: Innermost frame outside torch.
        accumulates: ``.backward()`` (True) or ``autograd.grad`` (False).
        retains_literally: The user's call says ``retain_graph=True`` with a literal.
        held: Before the call; empty inside another call and for ``autograd.grad``.
        values: Samples of the values of the held parameters; only inside a step.
        leaves: Before the call.
        look: Good while the event is seen.
    """

    call: int
    inside: int | None
    step: int | None
    site: Site
    innermost: Site
    accumulates: bool
    retain_graph: bool
    create_graph: bool
    retains_literally: bool
    held: Held
    values: dict[HeldKey, Sample] = field(default_factory=dict[HeldKey, Sample])
    leaves: Leaves = field(default_factory=dict[int, Leaf])
    look: Look = field(default_factory=Look)


@dataclass(frozen=True, kw_only=True, slots=True)
class BackwardEnded:
    """The call returned; ``held``, ``values`` and ``leaves`` are as it left them."""

    call: int
    step: int | None
    site: Site
    held: Held
    values: dict[HeldKey, Sample] = field(default_factory=dict[HeldKey, Sample])
    leaves: Leaves = field(default_factory=dict[int, Leaf])
    look: Look = field(default_factory=Look)


@dataclass(frozen=True, kw_only=True, slots=True)
class BackwardRaised:
    """The call raised.

    Attributes:
        message: The exception's text.
        expression: The root as the user's line writes it; empty when it cannot be told.
        freed: It says that the graph was freed already.
        carrier: Name of the tensor that brought the freed graph, None when not found.
        freed_by: Where that tensor's graph was run backward first, None when not seen.
    """

    call: int
    step: int | None
    site: Site
    message: str
    expression: str
    freed: bool
    carrier: str | None
    freed_by: Site | None


@dataclass(frozen=True, kw_only=True, slots=True)
class BackwardForeseen:
    """At a stop: the line about to run would run this root backward and it would raise."""

    site: Site
    expression: str
    reason: str
    freed_by: Site | None
    message: str


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Uncaught:
    """An exception that nobody catches.

    Attributes:
        call: The backward call it came out of, or None.
        type_name: The exception's class.
        message: Its text.
        site: Innermost frame of the user's, None without one.
    """

    call: int | None
    type_name: str
    message: str
    site: Site | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramEnded:
    """The program ends; ``raised`` when an exception ended it."""

    raised: bool


Event = (
    BackwardBegan | BackwardEnded | BackwardRaised | BackwardForeseen | StepBegan | StepEnded | Uncaught | ProgramEnded
)
