"""Which tensors a frame reaches, and what a person would write to name each."""

from __future__ import annotations

import inspect
import sys
import types
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .guards import answers_itself
from .inside import ATOMS, attributes, dict_items, own_dict, subscript
from .parts import THROUGH, Parts, child_name, is_attribute, is_node, join, parts_of, tensor_name
from .variables import local_variables

if TYPE_CHECKING:
    import torch

NAMES_A_TENSOR = 4
DEPTH = 4  # containers and plain objects inside one another; modules inside modules count nothing
_LOOK_AT = 16  # items of what lies too deep, to tell whether it may hold tensors
_OF_MODULES = frozenset(("_parameters", "_buffers", "_modules", "training"))
_OF_OPTIMIZERS = frozenset(("param_groups", "state", "defaults"))
_Kind = Literal["atom", "tensor", "wrapper", "module", "optimizer", "node", "other"]
_HAS_A_ROW: frozenset[_Kind] = frozenset(("tensor", "wrapper"))


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
    again: bool = False


class Reach:
    """What was reached.

    Attributes:
        tensors: By ``id``, in the order in which they were found: the nearest names first. The
            values keep the tensors alive, so that ids stay theirs; drop it before the program goes on.
        nodes: Autograd nodes that the frame holds itself, as ``loss.grad_fn`` or a ``GradientEdge``.
        cut_values: Values that a bound kept from being looked at.
    """

    def __init__(self, *, tensors: int, values: int) -> None:
        self.tensors: dict[int, Named] = {}
        self.nodes: list[torch.autograd.graph.Node] = []
        self.cut_tensors = 0
        self.cut_values = 0
        self._room = tensors
        self._visits = values
        self._kinds: dict[type, _Kind] = dict.fromkeys(ATOMS, "atom")
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
        self._open_all()
        for optimizer, name in self._optimizers:  # last: by now its parameters have better names
            self._open_optimizer(optimizer, name)
        self._open_all()

    def _open_all(self) -> None:
        while self._queue:
            if not self._visits:
                self.cut_values += len(self._queue)
                self._queue.clear()
                break
            self._visits -= 1
            self._open(self._queue.popleft())

    def _kind_of(self, kind: type) -> _Kind:
        mro = kind.__mro__
        if type in mro:  # a class
            return "atom"
        if self._tensor in mro:
            return "wrapper" if answers_itself(kind) else "tensor"
        if self._optimizer is not None and self._optimizer in mro:
            return "optimizer"
        if self._module in mro:
            return "module"
        return "node" if is_node(kind) else "other"

    def _meet(self, value: Any, name: str, depth: int) -> Named | None:  # noqa: ANN401 (any value of the user's)
        kind = self._kinds.get(type(value))
        if kind is None:
            kind = self._kinds[type(value)] = self._kind_of(type(value))
        if kind in _HAS_A_ROW:
            return self._found(value, name) if kind == "tensor" else self._found_wrapper(value, name, depth)
        if kind != "atom":
            self._note(value, kind, name, depth)
        return None

    def _note(self, value: Any, kind: _Kind, name: str, depth: int) -> None:  # noqa: ANN401
        """Keep for later what tensors may lie in."""
        if id(value) in self._seen and depth:
            if kind == "module":
                self._queue.append(_Visit(value, name, depth, again=True))
            return
        self._seen.add(id(value))
        if kind == "node":
            self.nodes.append(value)
        elif kind == "optimizer":
            self._optimizers.append((value, name))
        elif kind == "module" or depth < DEPTH:
            self._queue.append(_Visit(value, name, depth))
        elif self._may_hold(value):
            self.cut_values += 1

    def _may_hold(self, value: object) -> bool:
        """Whether more than plain values lies in it."""
        parts = parts_of(value, self._called)
        return parts is not None and any(type(item) not in ATOMS for _, item in islice(parts.named, _LOOK_AT))

    def _found(self, tensor: torch.Tensor, name: str) -> Named | None:
        found = self.tensors.get(id(tensor))
        if found is None:
            if len(self.tensors) >= self._room:
                self.cut_tensors += 1
                return None
            found = self.tensors[id(tensor)] = Named(tensor)
        found.call_it(name)
        return found

    def _found_wrapper(self, tensor: torch.Tensor, name: str, depth: int) -> Named | None:
        """A tensor with kernels of its own mostly wraps others, which hold the memory."""
        is_new = id(tensor) not in self.tensors
        found = self._found(tensor, name)
        for key, inner in attributes(tensor) if is_new and depth < DEPTH else ():
            if self._tensor in type(inner).__mro__:
                self._meet(inner, f"{name}.{key}", depth + 1)
        return found

    def _called(self, key: object) -> str | None:
        """The name of a tensor that is a key in a dict."""
        found = self.tensors.get(id(key))
        return None if found is None else found.names[0]

    def _open(self, visit: _Visit) -> None:
        value, name, depth, again = visit
        if again:  # a module that two modules hold: what lies in it has two names
            self._name_tensors(value, name, depth)
        elif self._kinds[type(value)] == "module":
            self._open_module(value, name, depth)
        else:
            parts = parts_of(value, self._called)
            if parts is not None:
                self._open_parts(parts, name, depth)

    def _open_parts(self, parts: Parts, name: str, depth: int) -> None:
        """Meet what lies in a container; say what was not looked at when it may hold tensors."""
        weighty = False
        for part, item in parts.named:
            kind = self._kinds.get(type(item))
            if kind == "atom":
                continue
            weighty = True
            if kind == "tensor" and len(self.tensors) >= self._room and id(item) not in self.tensors:
                self.cut_tensors += 1  # no name for what has no row
                continue
            self._meet(item, join(name, part), depth + 1)
        if weighty:
            self.cut_values += parts.left_out

    def _open_module(self, module: object, name: str, depth: int) -> None:
        own = own_dict(module) or {}
        self._name_tensors(module, name, depth)
        for key, child in dict_items(own.get("_modules")):
            self._meet(child, child_name(module, name, key), depth or 1)
        for key, value in list(own.items()):
            if key not in _OF_MODULES and is_attribute(key):
                self._meet(value, child_name(module, name, key) if key in THROUGH else f"{name}.{key}", depth + 1)
        if _is_scripted(own.get("_c")):
            self._open_scripted(own["_c"], name)

    def _name_tensors(self, module: object, name: str, depth: int) -> None:
        own = own_dict(module) or {}
        for table in ("_parameters", "_buffers"):
            for key, tensor in dict_items(own.get(table)):
                found = self._meet(tensor, tensor_name(module, name, key), depth)
                if found is not None and found.module is None:
                    found.module = name

    def _open_scripted(self, compiled: Any, name: str) -> None:  # noqa: ANN401 (torch._C.ScriptModule)
        """TorchScript keeps parameters, buffers and modules where Python has no dicts of them."""
        c = sys.modules["torch"]._C
        for table in (c.ParameterDict, c.BufferDict):
            for key, tensor in table(compiled).items():
                found = self._meet(tensor, f"{name}.{key}", 1)
                if found is not None and found.module is None:
                    found.module = name
        for key, child in c.ModuleDict(compiled).items():
            if self._visits:
                self._visits -= 1
                self._open_scripted(child, f"{name}[{key}]" if key.isdigit() else f"{name}.{key}")

    def _open_optimizer(self, optimizer: torch.optim.Optimizer, name: str) -> None:
        own = own_dict(optimizer) or {}
        groups = own.get("param_groups")
        for index, group in enumerate(islice(groups, 64) if type(groups) is list else ()):
            where = f"{name}.param_groups[{index}]"
            for key, value in dict_items(group):
                if key != "params":
                    self._hold(name, self._meet(value, f"{where}[{subscript(key)}]", 1))
            held = dict.get(group, "params") if type(group) is dict else None
            for position, tensor in enumerate(held if type(held) is list else ()):
                if self._tensor in type(tensor).__mro__:
                    known = self.tensors.get(id(tensor))
                    self._hold(name, known or self._meet(tensor, f'{where}["params"][{position}]', 1))
        for owner, state in dict_items(own.get("state")):
            called = self._called(owner)
            for key, value in dict_items(state) if called is not None else ():
                self._hold(name, self._meet(value, f"{name}.state[{called}][{subscript(key)}]", 1))
        for key, value in list(own.items()):
            if key not in _OF_OPTIMIZERS and is_attribute(key):
                self._meet(value, f"{name}.{key}", 1)

    def _hold(self, optimizer: str, found: Named | None) -> None:
        if found is not None and found.optimizer is None:
            found.optimizer = optimizer


def names_of(frame: types.FrameType) -> list[tuple[str, object]]:
    """The frame's variables, and the globals that its code names; best names first.

    Left out: imported modules, classes, functions (``Reach`` skips them) and dunder names.
    """
    code = frame.f_code
    local = local_variables(frame)
    named = [(name, value) for name, value in local.items() if _is_plain_name(name)]
    named.sort(key=lambda pair: pair[0].startswith("_"))  # stable: as written, underscored ones last
    if code.co_flags & inspect.CO_OPTIMIZED or frame.f_locals is not frame.f_globals:
        there = frame.f_globals
        named += [(name, there[name]) for name in code.co_names if name in there and name not in local]
    return named


def _is_plain_name(name: object) -> bool:
    """Not a dunder, and not the ``.0`` that a comprehension calls what it iterates over."""
    return type(name) is str and not name.startswith(("__", "."))


def _is_scripted(compiled: object) -> bool:
    return type(compiled) is sys.modules["torch"]._C.ScriptModule
