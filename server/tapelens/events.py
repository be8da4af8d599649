"""What the probe saw happen. Rules read it; it never leaves the process.

No event holds a tensor, a node or a graph: only ids, versions, sampled numbers, keys and sites.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from .wire.sites import Site


class HeldKey(NamedTuple):
    """A parameter as one optimizer holds it; ``id``s are good only while both live."""

    optimizer: int
    parameter: int


class Evidence(NamedTuple):
    """What is known of a gradient without keeping it: equal evidence is the same gradient, untouched.

    ``identity`` and ``version`` raise suspicion only (addresses are reused, ``.data`` writes bump
    nothing); ``sample`` is a few of its values and settles it.
    """

    identity: int
    version: int
    sample: tuple[float, ...]


Held = dict[HeldKey, Evidence]
"""Gradients that optimizers hold and that are neither None nor zero."""


@dataclass(frozen=True, kw_only=True)
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
        held: Before the call.
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


@dataclass(frozen=True, kw_only=True)
class BackwardEnded:
    """The call returned; ``held`` is as it left the gradients."""

    call: int
    step: int | None
    site: Site
    held: Held


@dataclass(frozen=True, kw_only=True)
class BackwardRaised:
    """The call raised.

    Attributes:
        message: The exception's text.
        freed: It says that the graph was freed already.
        carrier: Name of the tensor that brought the freed graph, None when not found.
        freed_by: Where that tensor's graph was run backward first, None when not seen.
    """

    call: int
    step: int | None
    site: Site
    message: str
    freed: bool
    carrier: str | None
    freed_by: Site | None


@dataclass(frozen=True, kw_only=True)
class BackwardForeseen:
    """At a stop: the line about to run would run this root backward and it would raise."""

    site: Site
    expression: str
    reason: str
    freed_by: Site | None
    message: str


@dataclass(frozen=True, kw_only=True)
class StepBegan:
    """An optimizer is about to step (the innermost of nested ``step`` calls counts).

    Attributes:
        step: Serial of the step in the process, from 1.
        optimizer: ``id`` of the optimizer.
        optimizer_name: What the user's frame calls it, else its class.
        names: What to call the parameters concerned, by key.
    """

    step: int
    optimizer: int
    optimizer_name: str
    site: Site
    has_closure: bool
    held: Held
    names: dict[HeldKey, str] = field(default_factory=dict[HeldKey, str])


@dataclass(frozen=True, kw_only=True)
class StepEnded:
    """The step returned; ``held`` are this optimizer's gradients as the step left them."""

    step: int
    optimizer: int
    site: Site
    held: Held


@dataclass(frozen=True, kw_only=True)
class LeavesWatched:
    """Leaves outside any optimizer that a backward added to, for hand-written updates.

    Attributes:
        call: The backward call.
        gradients: By ``id`` of the leaf, before the call and only where not None and not zero.
        values: Samples of the leaves' values, before the call.
    """

    call: int
    gradients: dict[int, Evidence]
    values: dict[int, tuple[float, ...]]
    names: dict[int, str]


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
class ProgramEnded:
    """The program ends; ``raised`` when an exception ended it."""

    raised: bool


Event = (
    BackwardBegan
    | BackwardEnded
    | BackwardRaised
    | BackwardForeseen
    | LeavesWatched
    | StepBegan
    | StepEnded
    | Uncaught
    | ProgramEnded
)
