"""What a program tells of itself, as short texts that two runs can be compared by."""

from __future__ import annotations

import ctypes
import gc
import hashlib
import sys
import weakref
from collections.abc import Mapping
from types import FrameType
from typing import Any

import torch
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from laws.corpus import HOME

_HOME = str(HOME)
_LONG = 200


class Tell:
    """Handed to each program.

    Attributes:
        told: Names and texts, in order.
        deaths: What died, and the program's line at that moment, in order.
        references: Counts of references; a tracer's own ``f_locals`` counts among them.
    """

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.deaths: list[tuple[str, str]] = []
        self.references: list[tuple[str, int]] = []

    def __call__(self, name: str, value: object) -> None:
        """A value, bit for bit."""
        self.told.append((name, text_of(value)))

    def counts(self, **objects: object) -> None:
        """How many references there are to each."""
        for name in objects:  # noqa: PLC0206 (a variable more would be a reference more)
            self.references.append((name, sys.getrefcount(objects[name])))

    def alive(self, name: str, kind: type) -> None:
        """How many objects of exactly this class the collector knows."""
        self(name, sum(type(each) is kind for each in gc.get_objects()))

    def death_of(self, name: str, value: Any) -> None:
        """The line at which an object of Python's dies. Not for tensors: they may not be weakly referenced."""
        weakref.finalize(value, self._died, name).atexit = False

    def graph(self, name: str, *roots: torch.Tensor) -> None:
        """Nodes, edges, saved bytes; and from now on the line at which each node dies."""
        nodes = nodes_below(*(root.grad_fn for root in roots if root.grad_fn is not None))
        names = [type(node).__name__ for node in nodes]
        rows = {node: row for row, node in enumerate(nodes)}
        edges = [(rows[node], rows[to], nr) for node in nodes for to, nr in node.next_functions if to is not None]
        self(f"{name}: nodes", names)
        self(f"{name}: edges", edges)
        self(f"{name}: sequence", [int(node._sequence_nr()) for node in nodes])
        self(f"{name}: bytes saved", [_bytes_saved(node) for node in nodes])
        for row, node in enumerate(nodes):
            sentinel = _Sentinel()
            node.metadata[f"told {name} {len(self.told)}"] = sentinel
            weakref.finalize(sentinel, self._died, f"{name}[{row}] {names[row]}").atexit = False

    def _died(self, name: str) -> None:
        self.deaths.append((name, line_of_program(sys._getframe())))


class _Sentinel:
    """Lives as long as the node whose metadata holds it."""

    __slots__ = ("__weakref__",)


def nodes_below(*roots: Any) -> list[Any]:
    """Every node that is reached, each once."""
    found = dict.fromkeys(roots)
    queue = list(found)
    for node in queue:
        for to, _ in node.next_functions:
            if to is not None and to not in found:
                found[to] = None
                queue.append(to)
    return queue


def _bytes_saved(node: Any) -> int:
    return sum(tensor.untyped_storage().nbytes() for tensor in saved_by(node) if tensor.layout is torch.strided)


def saved_by(node: Any) -> list[torch.Tensor]:
    """Plain tensors in the raw slots; the hooks that packed others are not run."""
    found: list[torch.Tensor] = []
    for name in dir(type(node)):
        if name.startswith("_raw_saved_"):
            try:
                slots = getattr(node, name)
            except RuntimeError:  # freed
                continue
            every: list[Any] = [
                getattr(slot, "data", None) for slot in (slots if isinstance(slots, tuple) else (slots,))
            ]
            found += [data for data in every if type(data) in (torch.Tensor, torch.nn.Parameter)]
    return found


def line_of_program(frame: FrameType | None) -> str:
    """The innermost line of the corpus that runs."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(_HOME):
            return f"{frame.f_code.co_name}:{frame.f_lineno}"
        frame = frame.f_back
    return "after its end"


# -- values as texts ------------------------------------------------------------------------------------


def text_of(value: object) -> str:
    """Exact, and short: what is long is hashed."""
    whole = "\n".join(_lines(value, ""))
    return whole if len(whole) <= _LONG else f"{whole[:60]!r}… {len(whole)} characters, {_hash(whole.encode())}"


def lines_of(value: object, name: str) -> list[tuple[str, str]]:
    """A module, an optimizer or a container, one line a part: names the part that differs."""
    found: list[tuple[str, str]] = []
    for line in _lines(value, name):
        part, _, text = line.partition(" = ")
        found.append((part, text))
    return found


def _lines(value: object, name: str) -> list[str]:  # noqa: PLR0911 (one a kind)
    if isinstance(value, torch.Tensor):
        return [f"{name} = {tensor_text(value)}"]
    if isinstance(value, torch.nn.Module):
        return _module_lines(value, name)
    if isinstance(value, torch.optim.Optimizer):
        return [*_lines(value.state_dict(), f"{name}.state"), f"{name}.hooks = {_hook_counts(value)}"]
    if isinstance(value, Mapping):
        return [line for key, item in value.items() for line in _lines(item, f"{name}[{key!r}]")]
    if isinstance(value, (list, tuple)):
        return [line for key, item in enumerate(value) for line in _lines(item, f"{name}[{key}]")] or [f"{name} = ()"]
    if isinstance(value, (bytes, bytearray)):
        return [f"{name} = {len(value)} bytes {_hash(bytes(value))}"]
    if isinstance(value, BaseException):
        return [f"{name} = {type(value).__name__}: {value}"]
    if isinstance(value, (str, int, float, complex, bool, type(None), torch.dtype, torch.device, torch.Size)):
        return [f"{name} = {value!r}"]
    return [f"{name} = {type(value).__name__}"]


def _module_lines(module: torch.nn.Module, name: str) -> list[str]:
    lines: list[str] = []
    for key, each in module.named_modules():
        lines.append(f"{name}.{key} = {type(each).__name__} training={each.training} hooks={_hook_counts(each)}")
    for key, parameter in module.named_parameters():
        lines.append(f"{name}.{key} = {tensor_text(parameter)}")
        if parameter.is_leaf and parameter.grad is not None:
            lines.append(f"{name}.{key}.grad = {tensor_text(parameter.grad)}")
    lines += [f"{name}.{key} = {tensor_text(buffer)}" for key, buffer in module.named_buffers()]
    return lines


def _hook_counts(owner: object) -> dict[str, int]:
    return {
        key: len(value) for key, value in vars(owner).items() if "hooks" in key and isinstance(value, dict) and value
    }


def tensor_text(tensor: torch.Tensor) -> str:
    """Kind, shape, flags and the hash of its bytes."""
    kind = type(tensor).__name__
    if isinstance(tensor, (UninitializedParameter, UninitializedBuffer)):
        return f"{kind} uninitialised"
    with torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch():  # type: ignore[attr-defined]
        flags = f"{kind} {tensor.dtype} {'requires_grad ' if tensor.requires_grad else ''}{_version(tensor)}"
        return f"{flags} {_content(tensor)}"


def _version(tensor: torch.Tensor) -> str:
    try:
        return "inference" if tensor.is_inference() else f"v{tensor._version}"
    except RuntimeError:
        return "no version"


def _content(tensor: torch.Tensor) -> str:  # noqa: PLR0911 (one a kind)
    inner = getattr(tensor, "_local_tensor", None)
    if inner is not None:
        return f"local({tensor_text(inner)})"
    if answers_itself(type(tensor)):
        return "has kernels of its own"
    if tensor.is_nested:
        return f"nested({', '.join(_content(part) for part in tensor.detach().unbind())})"
    if tensor.layout is torch.sparse_coo:
        tensor = tensor.detach()
        return f"sparse{tuple(tensor.shape)}({_content(tensor._indices())}, {_content(tensor._values())})"
    if tensor.layout in (torch.sparse_csr, torch.sparse_csc):
        return f"compressed{tuple(tensor.shape)}({_content(tensor.values())})"
    if tensor.device.type != "cpu" or tensor.layout is not torch.strided:
        return f"{tensor.device} {tuple(tensor.shape)}"
    try:
        storage = tensor.untyped_storage()
        pointer, size = storage.data_ptr(), storage.nbytes()
    except (RuntimeError, NotImplementedError):
        return f"{tuple(tensor.shape)} no storage"
    shape, stride = tuple(tensor.shape), tuple(tensor.stride())
    if size == tensor.numel() * tensor.element_size():
        return f"{shape}{stride} {_hash(ctypes.string_at(pointer, size) if size else b'')}"
    with torch.no_grad():  # a part of what the storage holds; the rest may never have been written
        part = tensor.detach().resolve_conj().resolve_neg().contiguous()
    raw = ctypes.string_at(part.data_ptr(), part.numel() * part.element_size()) if part.numel() else b""
    return f"{shape}{stride}+{tensor.storage_offset()} of {size} bytes {_hash(raw)}"


def answers_itself(kind: Any) -> bool:
    """A class with kernels of its own."""
    base: Any = torch.Tensor
    return getattr(kind, "__torch_dispatch__", None) is not base.__torch_dispatch__


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]
