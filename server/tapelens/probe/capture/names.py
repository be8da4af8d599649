"""Which tensors a frame reaches, and what a person would write to name each."""

from __future__ import annotations

import sys
import types
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from .inside import (
    ATOMS,
    ITEMS_A_CONTAINER,
    attributes,
    dict_items,
    may_open,
    own_dict,
    sequence_kind,
    subscript,
    tuple_fields,
)

if TYPE_CHECKING:
    import torch

NAMES_A_TENSOR = 4
_DEPTH = 4  # containers and plain objects inside one another; modules inside modules count nothing
_OF_MODULES = frozenset(("_parameters", "_buffers", "_modules", "training"))


@dataclass(slots=True)
class Named:
    """A tensor that the frame reaches.

    Attributes:
        names: Best first.
        unnamed_too: More names than are kept.
        module: The module that holds it as a parameter or buffer, by its name in the frame.
        optimizer: The optimizer that holds it, by its name in the frame.
    """

    tensor: torch.Tensor
    names: list[str] = field(default_factory=list[str])
    unnamed_too: int = 0
    module: str | None = None
    optimizer: str | None = None

    def call_it(self, name: str) -> None:
        """Add a name, unless there are enough."""
        if name in self.names:
            return
        if len(self.names) < NAMES_A_TENSOR:
            self.names.append(name)
        else:
            self.unnamed_too += 1


class _Visit(NamedTuple):
    """A value on the way: what it is called, and how deep inside containers it lies."""

    value: Any
    name: str
    depth: int


class Reach:
    """What was reached.

    Attributes:
        tensors: By ``id``, in the order in which they were found: the nearest names first. The
            values keep the tensors alive, so that ids stay theirs; drop it before the program goes on.
        cut_values: Values that a bound kept from being looked at.
    """

    def __init__(self, *, tensors: int, values: int) -> None:
        self.tensors: dict[int, Named] = {}
        self.cut_tensors = 0
        self.cut_values = 0
        self._room = tensors
        self._visits = values
        self._seen: set[int] = set()
        self._queue: deque[_Visit] = deque()
        self._optimizers: list[tuple[torch.optim.Optimizer, str]] = []
        torch = sys.modules["torch"]
        self._tensor: type = torch.Tensor
        self._module: type = torch.nn.Module
        optim = sys.modules.get("torch.optim")
        self._optimizer: type | None = None if optim is None else optim.Optimizer

    def walk(self, named: Iterable[tuple[str, object]]) -> None:
        """Everything below these values, nearest first."""
        for name, value in named:
            self._meet(value, name, 0)
        while self._queue:
            if not self._visits:
                self.cut_values += len(self._queue)
                self._queue.clear()
                break
            self._visits -= 1
            self._open(self._queue.popleft())
        for optimizer, name in self._optimizers:  # last: by now its parameters have better names
            self._open_optimizer(optimizer, name)

    def _meet(self, value: Any, name: str, depth: int) -> Named | None:  # noqa: ANN401 (any value of the user's)
        kind = type(value)
        if kind in ATOMS:
            return None
        mro = kind.__mro__
        if type in mro:  # a class
            return None
        if self._tensor in mro:
            return self._found(value, name)
        if id(value) in self._seen and depth:
            return None
        self._seen.add(id(value))
        if self._optimizer is not None and self._optimizer in mro:
            self._optimizers.append((value, name))
        elif self._module in mro or depth < _DEPTH:
            self._queue.append(_Visit(value, name, depth))
        return None

    def _found(self, tensor: torch.Tensor, name: str) -> Named | None:
        found = self.tensors.get(id(tensor))
        if found is None:
            if len(self.tensors) >= self._room:
                self.cut_tensors += 1
                return None
            found = self.tensors[id(tensor)] = Named(tensor)
        found.call_it(name)
        return found

    def _open(self, visit: _Visit) -> None:
        value, name, depth = visit
        mro = type(value).__mro__
        if self._module in mro:
            self._open_module(value, name, depth)
        elif dict in mro:
            pairs = list(islice(dict.items(value), ITEMS_A_CONTAINER))
            self._open_items(((f"{name}[{subscript(key)}]", item) for key, item in pairs), depth, dict.__len__(value))
        elif fields := tuple_fields(value):
            held = tuple.__iter__(value)
            self._open_items(((f"{name}.{field}", item) for field, item in zip(fields, held, strict=False)), depth, 0)
        elif (kind := sequence_kind(mro)) is not None:
            items = enumerate(list(islice(kind.__iter__(value), ITEMS_A_CONTAINER)))
            self._open_items(((f"{name}[{position}]", item) for position, item in items), depth, kind.__len__(value))
        elif may_open(type(value)):
            held = ((f"{name}.{key}", item) for key, item in attributes(value) if not key.startswith("__"))
            self._open_items(held, depth, 0)

    def _open_items(self, items: Iterable[tuple[str, object]], depth: int, length: int) -> None:
        """Meet what lies in a container; say what was not looked at when it may hold tensors."""
        weighty = False
        for name, item in items:
            weighty = weighty or type(item) not in ATOMS
            self._meet(item, name, depth + 1)
        if weighty:
            self.cut_values += max(0, length - ITEMS_A_CONTAINER)

    def _open_module(self, module: object, name: str, depth: int) -> None:
        own = own_dict(module) or {}
        for table in ("_parameters", "_buffers"):
            for key, tensor in dict_items(own.get(table)):
                found = self._meet(tensor, _parameter(module, name, key), depth)
                if found is not None and found.module is None:
                    found.module = name
        for key, child in dict_items(own.get("_modules")):
            self._meet(child, _child(module, name, key), depth or 1)
        for key, value in list(own.items()):
            if key not in _OF_MODULES and "hook" not in key:
                self._meet(value, f"{name}.{key}", depth + 1)

    def _open_optimizer(self, optimizer: torch.optim.Optimizer, name: str) -> None:
        own = own_dict(optimizer) or {}
        groups = own.get("param_groups")
        for index, group in enumerate(islice(groups, 64) if type(groups) is list else ()):
            held = dict.get(group, "params") if type(group) is dict else None
            for position, tensor in enumerate(held if type(held) is list else ()):
                if self._tensor not in type(tensor).__mro__:
                    continue
                found = self.tensors.get(id(tensor)) or self._found(
                    tensor, f'{name}.param_groups[{index}]["params"][{position}]'
                )
                if found is not None and found.optimizer is None:
                    found.optimizer = name
        for owner, state in dict_items(own.get("state")):
            called = self.tensors.get(id(owner))
            for key, tensor in dict_items(state):
                if called is not None and self._tensor in type(tensor).__mro__:
                    found = self._found(tensor, f"{name}.state[{called.names[0]}][{subscript(key)}]")
                    if found is not None and found.optimizer is None:
                        found.optimizer = name


def names_of(frame: types.FrameType) -> list[tuple[str, object]]:
    """The frame's variables, and the globals that its code names; best names first.

    Left out: imported modules, classes, functions (``Reach`` skips them) and dunder names.
    """
    code = frame.f_code
    local = frame.f_locals
    named = [(name, value) for name, value in local.items() if type(name) is str and not name.startswith("__")]
    named.sort(key=lambda pair: pair[0].startswith("_"))  # stable: as written, underscored ones last
    if local is not frame.f_globals:
        there = frame.f_globals
        named += [(name, there[name]) for name in code.co_names if name in there and name not in local]
    return named


def _child(module: Any, name: str, key: object) -> str:  # noqa: ANN401 (a module of the user's)
    """A module inside a module: ``layers[3]``, ``heads["a"]``, ``model.encoder``."""
    text = key if type(key) is str else "?"
    kind = type(module)
    if hasattr(kind, "__getitem__") and (text.isdigit() or hasattr(kind, "keys")):
        return f"{name}[{text}]" if text.isdigit() else f"{name}[{subscript(text)}]"
    return f"{name}.{text}"


def _parameter(module: Any, name: str, key: object) -> str:  # noqa: ANN401
    """A parameter or buffer of a module; only lists and dicts of parameters have theirs by subscript."""
    nn = sys.modules["torch"].nn
    if nn.ParameterList in type(module).__mro__ or nn.ParameterDict in type(module).__mro__:
        return _child(module, name, key)
    return f"{name}.{key}"
