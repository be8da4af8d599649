"""Calls into the backward engine."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..wire.sites import Site
from .evidence import Held, HeldKey, Leaf, Leaves, Look, Sample


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
