"""Hooks that the user put on tensors, with the name and site of their code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...wire.sites import Site
from ...wire.snapshot import HookKind
from .codes import callable_name, callable_site
from .gradients import Probe
from .inside import dict_items

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook."""

    kind: HookKind
    name: str
    site: Site | None


def hooks_of(tensor: torch.Tensor) -> Iterator[Hook]:
    """The tensor's own hooks, in the order in which they run.

    Hooks on nodes (``node.register_hook``) cannot be read: torch keeps them where Python does not reach.
    """
    base = sys.modules["torch"]._C.TensorBase
    yield from _of_table("tensor_pre", base._backward_hooks.__get__(tensor))
    yield from _of_table("post_accumulate", base._post_accumulate_grad_hooks.__get__(tensor))


def _of_table(kind: HookKind, table: object) -> Iterator[Hook]:
    for _, hook in dict_items(table):
        if type(hook) is Probe:  # a stop inside a backward that is watched
            continue
        name, code = callable_name(hook)
        yield Hook(kind, name, callable_site(name.partition("(")[0], code))
