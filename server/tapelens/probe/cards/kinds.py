"""Which values have a card."""

from __future__ import annotations

import collections
import dataclasses
import reprlib
import sys
from types import ModuleType
from typing import Literal

Kind = Literal["tensor", "node", "module", "optimizer", "container", "record"]
"""A record is a named tuple or a dataclass that shows itself as these are made to."""

_CONTAINERS = (list, tuple, dict, collections.deque, set, frozenset)
_REPRS = frozenset(kind.__repr__ for kind in (*_CONTAINERS, collections.OrderedDict, collections.defaultdict))


def kind_of(kind: type) -> Kind | None:
    """Told by the type alone; None for what is not ours to show."""
    torch = sys.modules.get("torch")
    found = _kind_in_torch(kind, torch) if torch is not None and hasattr(torch, "Tensor") else None
    if found is not None:
        return found
    plain = kind.__repr__ in _REPRS and any(base in kind.__mro__ for base in _CONTAINERS)
    if plain or is_user_dict(kind):
        return "container"
    return "record" if _is_record(kind) else None


def _kind_in_torch(kind: type, torch: ModuleType) -> Kind | None:
    mro = kind.__mro__
    if torch.Tensor in mro:
        return "tensor"
    if _is_a("torch.nn", "Module", mro):
        return "module"
    if _is_a("torch.optim", "Optimizer", mro):
        return "optimizer"
    return "node" if _is_node(kind) else None


def is_user_dict(kind: type) -> bool:
    """A ``collections.UserDict``, such as the batches of a tokenizer."""
    return collections.UserDict in kind.__mro__ and kind.__repr__ is collections.UserDict.__repr__


def _is_a(module: str, name: str, mro: tuple[type, ...]) -> bool:
    return getattr(sys.modules.get(module), name, None) in mro


def _is_node(kind: type) -> bool:
    """Torch's own types are made in C++ and share no base; a custom Function's derive from ``_FunctionBase``."""
    base = getattr(sys.modules["torch"]._C, "_FunctionBase", None)
    return base in kind.__mro__ or {"next_functions", "_sequence_nr", "metadata"} <= kind.__dict__.keys()


def _is_record(kind: type) -> bool:
    if hasattr(kind, "n_sequence_fields"):  # what torch.max(x, dim=0) returns
        return True
    made_by = getattr(getattr(kind.__repr__, "__code__", None), "co_filename", "")
    if tuple in kind.__mro__ and hasattr(kind, "_fields"):
        return made_by == collections.__file__
    return hasattr(kind, "__dataclass_fields__") and made_by in (dataclasses.__file__, reprlib.__file__)
