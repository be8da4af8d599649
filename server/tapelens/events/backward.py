"""Calls into the backward engine."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..wire.sites import Site
from .blame import Change, Cut
from .evidence import Held, HeldKey, Leaf, Leaves, Look, Sample


@dataclass(frozen=True, kw_only=True, slots=True)
class SilentChange:
    """A parameter that a graph saved and that was changed since without a version bump: torch will not notice.

    Attributes:
        parameter: ``id`` of the parameter.
        changed_at: The optimizer's step, or the line that wrote, None when not known.
        by_step: An optimizer's step changed it.
        made_at: The forward line that saved it, None when not known.
        operation: Type of the node that saved it.
        before: A few of its values as the graph was made.
        now: The same values as this backward will use them.
    """

    parameter: int
    changed_at: Site | None
    by_step: bool
    made_at: Site | None
    operation: str
    before: Sample
    now: Sample


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
        retains_literally: The user's call says ``retain_graph=True`` with a literal, and is none that a loop
            makes for each of several roots.
        held: Before the call; empty inside another call and for ``autograd.grad``.
        values: Samples of the values of the held parameters; only inside a step.
        leaves: Before the call.
        look: Good while the event is seen.
        walked: The whole graph was looked at: in the first five calls of a site, in one of fifty, and
            while something is to be found out; only then all of ``reuses`` and ``ran_before`` is told.
        reuses: Earlier calls that retained or made a graph of which some node is in this graph.
        gone: Earlier such calls, each once, of whose graph no node is left: none can use it any more.
        explicit_gradient: The call brings a gradient of its own for a root.
        roots: Keys of the nodes it begins at.
        ran_before: Earlier ``.backward()`` calls whose very root is in this graph, at its root or below.
        reaches: Ids of the leaves in this graph. These and what follows is told in the first five calls of
            a site and in one of five hundred, and not while another thread runs a backward.
        filled: Those of them that have a gradient that is not zero, before the call.
        standing: Ids of leaves by earlier call whose gradients hold what that call added: since then
            nothing but backwards has written them.
        silently_changed: Parameters that the graph saved and that torch does not know to have changed;
            told also when a root is older than such a change.
        root_is_leaf: A root is itself a leaf, without a graph; always told.
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
    walked: bool = False
    reuses: frozenset[int] = frozenset()
    gone: frozenset[int] = frozenset()
    explicit_gradient: bool = False
    roots: tuple[int, ...] = ()
    ran_before: frozenset[int] = frozenset()
    reaches: frozenset[int] = frozenset()
    filled: frozenset[int] = frozenset()
    standing: dict[int, frozenset[int]] = field(default_factory=dict[int, frozenset[int]])
    root_is_leaf: bool = False
    silently_changed: tuple[SilentChange, ...] = ()


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
        cut: Where the root does not require grad: what cut its path, None when not found.
        change: Where a saved tensor was changed in place: what is known of that.
    """

    call: int
    step: int | None
    site: Site
    message: str
    expression: str
    freed: bool
    carrier: str | None
    freed_by: Site | None
    cut: Cut | None = None
    change: Change | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BackwardForeseen:
    """At a stop: the line about to run would run this root backward and it would raise.

    Attributes:
        cut: Where the root does not require grad: what cut its path, None when not found.
        change: Where a saved tensor was changed in place: what is known of that.
    """

    site: Site
    expression: str
    reason: str
    freed_by: Site | None
    message: str
    cut: Cut | None = None
    change: Change | None = None
