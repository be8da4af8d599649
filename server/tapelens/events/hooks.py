"""Hooks that the program registers."""

from __future__ import annotations

from dataclasses import dataclass

from ..wire.sites import Site


@dataclass(frozen=True, kw_only=True, slots=True)
class HookRegistered:
    """A hook was put where at least three others are already.

    Told of hooks on tensors, modules and optimizers and of global ones. Those on autograd nodes are
    kept where Python does not reach.

    Attributes:
        handle: Number of its handle; never reused in the process.
        target: What carries it: ``tensor``, ``module``, ``optimizer`` or ``everything``.
        registrar: The function that registered it.
        name: What the user calls the hook's code.
        code: Where that was written, None when it has no line.
        site: Innermost frame of the user's.
        innermost: Innermost frame outside torch.
        alike: Handles of the hooks with the same code in the same place, alive now, this one's last;
            each with the number of backwards and steps that had begun by its registration.
    """

    handle: int
    target: str
    registrar: str
    name: str
    code: Site | None
    site: Site
    innermost: Site
    alike: tuple[tuple[int, int], ...]
