"""Tensors with a graph that something named holds: in frames, globals, objects, closures, generators and tracebacks."""

from __future__ import annotations

import gc
import sys
import time
import types
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from ...wire.memory import KeeperKind
from .inside import attributes, dict_items, may_open, own_dict, sequence_kind, tuple_fields
from .reading import read_tensor
from .ways import Way, way_from

if TYPE_CHECKING:
    import torch

    Node = torch.autograd.graph.Node

_DEPTH = 6  # containers and objects inside one another; modules inside modules count nothing
_ITEMS = 10_000  # of one container
_VALUES = 50_000
_FRAMES = 64  # of one traceback
_LOOK_AT_CLOCK = 256
_PAUSED = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)
_CLOSED: frozenset[type] = frozenset(
    {
        *(int, float, complex, bool, str, bytes, bytearray, range, slice, type(None), type(...)),
        *(types.BuiltinFunctionType, types.ModuleType, types.CodeType, types.FrameType, type),
    }
)
"""Types in which nobody would look for a tensor."""

_PLAIN: frozenset[type] = frozenset((dict, OrderedDict, list, tuple, set, deque))

_MODULE_TABLES = frozenset(("_parameters", "_buffers", "_modules"))


class Holder(NamedTuple):
    """A tensor with a graph, and one way to it."""

    node: Node
    way: Way


class HolderSearch:
    """Looks for tensors with a graph, and keeps those it found until it is dropped.

    ``name_of`` tells what a person calls a parameter.

    Attributes:
        found: In the order of finding.
        cut: Values that a bound kept from being looked at.
    """

    def __init__(self, name_of: Callable[[object], str], *, deadline_ns: int) -> None:
        self._name_of = name_of
        self.found: list[Holder] = []
        self.cut = 0
        self._deadline_ns = deadline_ns
        self._room = _VALUES
        self._seen: set[int] = set()
        self._queue: deque[tuple[Any, Way]] = deque()
        torch = sys.modules["torch"]
        self._tensor: type = torch.Tensor
        self._parameter: type = torch.nn.Parameter
        self._module: type = torch.nn.Module
        base = torch._C.TensorBase
        self._grad = base.grad.__get__
        self._requires_grad, self._grad_fn, self._is_view = (
            base.requires_grad.__get__,
            base.grad_fn.__get__,
            base._is_view,
        )
        self._is_wrapped = torch._C._functorch.is_functorch_wrapped_tensor
        optim = sys.modules.get("torch.optim")
        self._optimizer: type | None = None if optim is None else optim.Optimizer

    def look(self, named: Iterable[tuple[str, Any]], kind: KeeperKind, scope: str) -> None:
        """At variables, and at everything below them, nearest first; for half of the time that is left."""
        now = time.perf_counter_ns()
        until_ns = now + (self._deadline_ns - now) // 2
        for name, value in named:
            self._meet(value, way_from(name, kind, scope))
        while self._queue:
            if not self._room or (not self._room % _LOOK_AT_CLOCK and time.perf_counter_ns() > until_ns):
                self.cut += len(self._queue)
                self._queue.clear()
                return
            self._room -= 1
            value, way = self._queue.popleft()
            self._open(value, way)

    def _is_worth(self, value: Any) -> bool:  # noqa: ANN401
        """Whether it may lead to a graph; asked before a way to it is written down, as most things lead to none."""
        kind = type(value)
        if kind in _CLOSED or (kind in _PLAIN and not value):
            return False
        if self._tensor not in kind.__mro__:
            return True
        if not self._requires_grad(value):
            return False
        node, gradient = self._graph_of(value)
        return node is not None or (gradient is not None and self._requires_grad(gradient))

    def _meet(self, value: Any, way: Way) -> None:  # noqa: ANN401 (any value of the user's)
        kind = type(value)
        if kind in _CLOSED:
            return
        mro = kind.__mro__
        if self._tensor in mro:
            self._meet_tensor(value, way)
        elif type not in mro and way.depth <= _DEPTH and id(value) not in self._seen:
            self._seen.add(id(value))
            self._queue.append((value, way))

    def _meet_tensor(self, tensor: torch.Tensor, way: Way) -> None:
        if not self._requires_grad(tensor):
            return
        node, gradient = self._graph_of(tensor)
        if node is not None:
            self.found.append(Holder(node, way))
        elif gradient is not None and self._requires_grad(gradient):  # of create_graph=True
            self._meet_tensor(gradient, way.attribute("grad", way.kind))

    def _graph_of(self, tensor: torch.Tensor) -> tuple[Node | None, torch.Tensor | None]:
        """Its ``grad_fn`` and its ``.grad``; what most tensors are is asked without reading all the rest."""
        plain = type(tensor) in (self._tensor, self._parameter)
        if not plain or self._is_wrapped(tensor) or self._is_view(tensor):
            reading = read_tensor(tensor)
            return reading.node, reading.gradient
        node = self._grad_fn(tensor)
        return node, (self._grad(tensor) if node is None else None)  # of a non-leaf torch warns

    def _open(self, value: Any, way: Way) -> None:  # noqa: ANN401
        kind = type(value)
        mro = kind.__mro__
        if kind is types.FunctionType:
            self._open_function(value, way)
        elif kind is types.MethodType:
            self._meet(value.__self__, way.attribute("__self__", way.kind))
        elif kind in _PAUSED:
            self._meet_all(_held_by(value), way.inside("generator"))
        elif BaseException in mro:
            self._open_exception(value, way)
        elif self._module in mro:
            self._open_module(value, way)
        elif self._optimizer is not None and self._optimizer in mro:
            self._open_optimizer(value, way)
        else:
            self._open_container(value, way)

    def _open_container(self, value: Any, way: Way) -> None:  # noqa: ANN401
        mro = type(value).__mro__
        if dict in mro:
            self._open_elements(islice(dict.items(value), _ITEMS), way, dict.__len__(value))
        elif fields := tuple_fields(value):
            for field, item in zip(fields, tuple.__iter__(value), strict=False):
                self._meet(item, way.attribute(field, "container"))
        elif (plain := sequence_kind(mro)) is not None:
            self._open_elements(enumerate(islice(plain.__iter__(value), _ITEMS)), way, plain.__len__(value))
        elif may_open(type(value)):
            for name, item in attributes(value):
                if not name.startswith("__") and self._is_worth(item):
                    self._meet(item, way.attribute(name, "object"))

    def _open_elements(self, items: Iterable[tuple[Any, Any]], way: Way, length: int) -> None:
        weighty = False
        for key, item in list(items):
            if type(item) not in _CLOSED:
                weighty = True
            if self._is_worth(item):
                self._meet(item, way.element(key))
        self.cut += max(0, length - _ITEMS) if weighty else 0

    def _open_function(self, function: types.FunctionType, way: Way) -> None:
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
            try:
                held = cell.cell_contents
            except ValueError:  # not bound yet
                continue
            inner = way if way.sealed else way_from(name, "closure", function.__qualname__)
            self._meet(held, inner._replace(depth=way.depth + 1))

    def _open_module(self, module: object, way: Way) -> None:
        own = own_dict(module) or {}
        for table in ("_parameters", "_buffers"):
            for name, tensor in dict_items(own.get(table)):
                if self._is_worth(tensor):
                    self._meet(tensor, way.attribute(_text(name), "module"))
        for name, child in dict_items(own.get("_modules")):
            text = _text(name)
            below = way.element(int(text)) if text.isdigit() else way.attribute(text, "module")
            self._meet(child, below._replace(depth=way.depth or 1))
        for name, value in list(own.items()):
            if name not in _MODULE_TABLES and self._is_worth(value):
                self._meet(value, way.attribute(name, "module"))

    def _open_optimizer(self, optimizer: object, way: Way) -> None:
        states = way.attribute("state", "optimizer")
        for owner, state in dict_items((own_dict(optimizer) or {}).get("state")):
            if id(state) not in self._seen:
                self._seen.add(id(state))
                for key, value in dict_items(state):
                    if self._is_worth(value):
                        self._meet(value, states.of_parameter(self._name_of(owner)).element(key))

    def _open_exception(self, error: BaseException, way: Way) -> None:
        inside = way.inside("exception")
        for frame in _frames_behind(error):
            self._meet_all(_variables_in(frame), inside)
        base: Any = BaseException
        self._meet_all([base.__cause__.__get__(error), base.__context__.__get__(error)], inside)

    def _meet_all(self, values: Iterable[Any], way: Way) -> None:
        for value in values:
            if type(value) is not types.FunctionType:  # what a generator runs
                self._meet(value, way)


def _text(name: object) -> str:
    return name if type(name) is str else "?"


def _held_by(paused: object) -> list[object]:
    """What a generator that is paused holds; Python 3.10 keeps its variables in a frame."""
    held = gc.get_referents(paused)
    return held + [inner for each in held if type(each) is types.FrameType for inner in _variables_in(each)]


def _variables_in(frame: types.FrameType) -> list[object]:
    """What a frame that does not run holds, asked of the collector: no dict is made of it."""
    return [each for each in gc.get_referents(frame) if each is not frame.f_globals and each is not frame.f_builtins]


def _frames_behind(error: BaseException) -> list[types.FrameType]:
    """Frames that a traceback keeps and that run no longer."""
    running: set[int] = set()
    frame: types.FrameType | None = sys._getframe()
    while frame is not None:
        running.add(id(frame))
        frame = frame.f_back
    found: list[types.FrameType] = []
    base: Any = BaseException
    trace: types.TracebackType | None = base.__traceback__.__get__(error)
    while trace is not None and len(found) < _FRAMES:
        if id(trace.tb_frame) not in running:
            found.append(trace.tb_frame)
        trace = trace.tb_next
    return found
