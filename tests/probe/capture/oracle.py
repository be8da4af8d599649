"""What the real engine does at a program's stops: what it raises, where gradients go, what it frees, whom it calls."""

from __future__ import annotations

import ast
import linecache
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import torch
from torch import nn

from probe.capture.pieces import COUNTED
from probe.capture.stops import Stop, capture, run
from torch_features import KEEPS_SAVED


@dataclass
class Truth:
    """One backward as it was.

    Attributes:
        failure: Torch's own sentence, None when it ended well.
        effects: What became of each tensor's ``.grad``, by name.
        freed: Nodes that held buffers before and hold none after.
        freed_bytes: Bytes of the storages that those buffers lie in, parameters' own not counted.
        comparable: Nothing of the graph hides its buffers.
        hooks: Calls of hooks, by name of the tensor and kind.
    """

    failure: str | None = None
    effects: dict[str, str] = field(default_factory=dict[str, str])
    freed: int = 0
    freed_bytes: int = 0
    comparable: bool = True
    hooks: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])


@dataclass
class Backward:
    """One stop before a backward: what was foreseen, and what came."""

    foreseen: Stop
    failure: str | None
    truth: Truth | None = None


def backwards_of(source: str) -> list[Backward]:
    """Run the program once with a capture at each stop, and once bare with torch's own hooks in its graph."""
    chosen: list[str] = []
    found = _captured(source, chosen)
    for backward, truth in zip(found, _observed(source, chosen), strict=True):
        backward.truth = truth
    return found


def _captured(source: str, chosen: list[str]) -> list[Backward]:
    found: list[Backward] = []

    def look(name: str, frame: FrameType) -> None:
        if name == "before":
            stop = capture(frame)
            chosen.append(stop.snapshot.backward.expression)
            found.append(Backward(stop, None))
        else:
            found[-1].failure = frame.f_locals["failure"]

    _run(source, look, chosen)
    return found


def _observed(source: str, chosen: list[str]) -> list[Truth]:
    found: list[Truth] = []
    watches: list[Watch] = []
    expressions = iter(chosen)
    current = [""]

    def look(name: str, frame: FrameType) -> None:
        if name == "before":
            current[:] = [next(expressions)]
            watches.append(Watch(frame))
        else:
            found.append(watches[-1].close(frame.f_locals["failure"]))

    _run(source, look, current)
    return found


def _run(source: str, look: Callable[[str, FrameType], None], expressions: list[str]) -> None:
    COUNTED.clear()
    variables: dict[str, Any] = {}

    def go() -> None:
        if expressions[-1]:
            eval(expressions[-1], variables).backward()

    def at_stop(name: str, frame: FrameType) -> None:
        variables.update(frame.f_globals)
        look(name, frame)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, of create_graph and the like
        program = run(source, on_stop=at_stop, go=go)
    assert program.error is None, (program.error, source)


class Watch:
    """Torch's own hooks in the graph of a stop, put there before a backward and taken out after it."""

    def __init__(self, frame: FrameType) -> None:
        self.tensors = {name: value for name, value in frame.f_globals.items() if isinstance(value, torch.Tensor)}
        self.before = {name: _kept(tensor) for name, tensor in self.tensors.items()}
        self.arrived: set[str] = set()
        self.leaves: set[str] = set()
        self.unanswered: set[str] = set()
        self.handles: list[Any] = []
        self.hooks = Counter(COUNTED)
        nodes: dict[Any, None] = {}
        for name, tensor in self.tensors.items():
            self._listen(name, tensor, nodes)
        self.held = {node: held for node in _walk(nodes) if (held := _held(node))}
        self.handed_back = _asked_for(frame)
        parameters = [*frame.f_globals["params"], *_leaves(self.held), *self.tensors.values()]
        self.parameters = {tensor.untyped_storage().data_ptr() for tensor in parameters if _is_parameter(tensor)}

    def close(self, failure: str | None) -> Truth:
        for handle in self.handles:
            handle.remove()
        freed = {node: held for node, held in self.held.items() if not _held(node)}
        storages: dict[int, int] = {}
        for held in freed.values():
            storages.update({address: size for address, size in held if address not in self.parameters})
        names = {id(tensor): name for name, tensor in reversed(self.tensors.items())}
        calls = Counter(COUNTED)
        calls.subtract(self.hooks)
        truth = Truth(
            failure=failure,
            effects={name: self._effect(name, tensor) for name, tensor in self.tensors.items()},
            freed=len(freed),
            freed_bytes=sum(storages.values()),
            comparable=not any(type(node).__name__ == "CopySlices" for node in _walk(dict.fromkeys(self.held))),
            hooks=Counter(
                {(names[key], kind): count for (key, kind), count in calls.items() if key in names and count}
            ),
        )
        self.held = {}
        return truth

    def _listen(self, name: str, tensor: torch.Tensor, nodes: dict[Any, None]) -> None:
        """Note when a gradient arrives: at a leaf by its own hook, at a non-leaf by one on the node that made it."""
        try:
            node: Any = tensor.grad_fn
        except RuntimeError:  # a view that torch no longer answers for
            self.unanswered.add(name)
            return
        if node is None:
            self.leaves.add(name)
            if tensor.requires_grad:
                hook = tensor.register_post_accumulate_grad_hook(lambda _: self.arrived.add(name))
                self.handles.append(hook)
            return
        nodes[node] = None
        number = tensor.output_nr

        def arrive(gradients: Any) -> None:
            if gradients[number] is not None:
                self.arrived.add(name)

        self.handles.append(node.register_prehook(arrive))

    def _effect(self, name: str, tensor: torch.Tensor) -> str:
        before, after = self.before[name], _kept(tensor)
        if before is None and after is not None:
            return "new"
        if name in self.leaves:
            return "added" if name in self.arrived else "untouched"
        if after is not before:  # what is retained is replaced by the sum
            return "added"
        return "dropped" if name in self.arrived and name not in self.handed_back else "untouched"


def _asked_for(frame: FrameType) -> set[str]:
    """Names that ``autograd.grad`` returns the gradients of."""
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
    calls = [node for node in ast.walk(ast.parse(line.strip())) if isinstance(node, ast.Call) and len(node.args) > 1]
    asked = [call.args[1] for call in calls if ast.unparse(call.func).endswith("grad")]
    return {node.id for each in asked for node in ast.walk(each) if isinstance(node, ast.Name)}


def _is_parameter(tensor: torch.Tensor) -> bool:
    if isinstance(tensor, nn.Parameter):
        return True
    return not tensor._is_view() and tensor.is_leaf and tensor.requires_grad


def _kept(tensor: torch.Tensor) -> torch.Tensor | None:
    try:
        return tensor.grad if tensor.is_leaf or tensor.retains_grad else None
    except RuntimeError:
        return None


def _walk(nodes: dict[Any, None]) -> list[Any]:
    order = list(nodes)
    seen = set(order)
    for node in order:
        for target, _ in node.next_functions:
            if target is not None and target not in seen:
                seen.add(target)
                order.append(target)
    return order


def _held(node: Any) -> list[tuple[int, int]]:
    """Storages, address and bytes, of what a node holds for backward; (0, 0) for what a hook packed."""
    held: list[tuple[int, int]] = []
    for name in () if KEEPS_SAVED else dir(node):
        if not name.startswith("_raw_saved_"):
            continue
        try:
            raw = getattr(node, name)
        except RuntimeError:
            continue
        for each in raw if isinstance(raw, tuple) else (raw,):
            if each is not None and each.unpack_hook is not None:
                held.append((0, 0))
            elif each is not None and each.data is not None:
                storage = each.data.untyped_storage()
                held.append((storage.data_ptr(), storage.nbytes()))
    return held


def _leaves(nodes: dict[Any, Any]) -> list[torch.Tensor]:
    return [node.variable for node in _walk(dict.fromkeys(nodes)) if hasattr(node, "variable")]
