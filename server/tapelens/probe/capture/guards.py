"""Reads of tensors that move nothing: what may be asked of which tensor, and under what protection."""

from __future__ import annotations

import functools
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@contextmanager
def undisturbed() -> Generator[None]:
    """Under it no ``__torch_function__``, no function or dispatch mode and no autograd sees what we do.

    NOTE [why three guards]: a user's TorchFunctionMode fires on plain tensors even where subclasses
    are switched off; a TorchDispatchMode sees kernels even where functions are switched off; and
    below autograd a kernel makes no node, so it takes no sequence number from the user's clock.
    """
    c = sys.modules["torch"]._C
    with c.DisableTorchFunction(), c._DisableTorchDispatch(), c._AutoDispatchBelowAutograd():
        yield


def is_plain_on_cpu(tensor: torch.Tensor) -> bool:
    """Whether kernels may read its values: dense, strided, ours to read, and nobody who listens.

    Call it ``undisturbed``.
    """
    torch = sys.modules["torch"]
    if type(tensor) not in (torch.Tensor, torch.nn.Parameter) and not _is_thin_subclass(type(tensor)):
        return False
    keys = torch._C._dispatch_keys(tensor).raw_repr()
    if keys & ~_plain_keys():
        return False
    if someone_listens() or torch._C._is_cow_tensor(tensor):
        return False
    return _reaches_memory(tensor)


def someone_listens() -> bool:
    """A functorch transform or a tracer would take our kernels for the program's."""
    torch = sys.modules["torch"]
    return (
        torch._C._functorch.peek_interpreter_stack() is not None
        or torch._C._get_tracing_state() is not None
        or torch.compiler.is_compiling()
    )


def _is_thin_subclass(kind: type) -> bool:
    """A subclass without kernels of its own (``__torch_dispatch__``) and with memory of its own."""
    torch = sys.modules["torch"]
    if issubclass(kind, torch.nn.parameter.UninitializedTensorMixin):
        return False
    return getattr(kind, "__torch_dispatch__", None) is torch.Tensor.__torch_dispatch__


@functools.cache
def _plain_keys() -> int:
    keys = sys.modules["torch"]._C.DispatchKeySet
    key = sys.modules["torch"]._C.DispatchKey
    found = keys(key.CPU)
    for name in ("ADInplaceOrView", "AutogradCPU", "AutocastCPU"):
        found = found.add(getattr(key, name))
    return found.raw_repr()


def _reaches_memory(tensor: torch.Tensor) -> bool:
    """Whether the storage holds every element: a resharded or resized parameter's does not."""
    if not tensor.numel():
        return True
    last = sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
    needed = (tensor.storage_offset() + last + 1) * tensor.element_size()
    return tensor.untyped_storage().nbytes() >= needed
