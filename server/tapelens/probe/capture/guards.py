"""Reads of tensors that move nothing: what may be asked of which tensor, and under what protection."""

from __future__ import annotations

import functools
import gc
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


@contextmanager
def undisturbed() -> Generator[None]:
    """Under it no ``__torch_function__``, no function or dispatch mode and no autograd sees what we do.

    NOTE [why three guards]: a user's TorchFunctionMode fires on plain tensors even where subclasses
    are switched off; a TorchDispatchMode sees kernels even where functions are switched off; and
    below autograd a kernel makes no node, so it takes no sequence number from the user's clock.
    ``torch.jit.trace`` would write even the reading of a shape into its graph, so it is set aside.
    """
    c = sys.modules["torch"]._C
    with c.DisableTorchFunction(), c._DisableTorchDispatch(), c._AutoDispatchBelowAutograd():
        traced = c._get_tracing_state()
        if traced is None:
            yield
            return
        c._set_tracing_state(None)
        try:
            yield
        finally:
            c._set_tracing_state(traced)


@contextmanager
def collector_held() -> Generator[None]:
    """No garbage collection while we allocate: it would run the user's finalizers in our midst."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def is_plain_on_cpu(tensor: torch.Tensor) -> bool:
    """Whether kernels may read its values: dense, strided, ours to read, and nobody who listens.

    Call it ``undisturbed``.
    """
    return is_plain_kind(tensor) and _reaches_memory(tensor)


def is_plain_kind(tensor: torch.Tensor) -> bool:
    """As ``is_plain_on_cpu``, but for whether its memory is there.

    To ask that makes a Python object for the storage, which then counts as a user of it.
    """
    torch = sys.modules["torch"]
    if is_uninitialised(tensor) or answers_itself(type(tensor)):
        return False
    odd = torch._C._dispatch_keys(tensor) - _plain_keys()  # sparse, quantised, conjugated, functorch's, …
    if (
        odd.highestPriorityTypeId() != torch._C.DispatchKey.Undefined
        or torch._C.TensorBase.device.__get__(tensor).type != "cpu"
    ):
        return False
    return not someone_listens() and not torch._C._is_cow_tensor(tensor)


def why_unread(tensor: torch.Tensor) -> str | None:  # noqa: PLR0911 (one reason after another)
    """Why kernels may not read the values of a tensor that is not plain; None for a plain one.

    Call it ``undisturbed``.
    """
    if is_plain_on_cpu(tensor):
        return None
    if is_uninitialised(tensor):
        return "there are none yet"
    if answers_itself(type(tensor)):
        return "reading them would run the subclass's own code"
    base = sys.modules["torch"]._C.TensorBase
    device = base.device.__get__(tensor)
    if device.type == "meta":
        return "a meta tensor has none"
    if device.type != "cpu":
        return f"they are on {device}: reading them would make the program wait for it"
    reason = _odd_form(tensor)
    if reason is None and _is_profiled():
        return "a profiler would record the reading as the program's own"
    if reason is None and someone_listens():
        return "a tracer or a torch.func transform would take the reading for the program's own"
    return reason or ("its form is not known here" if _reaches_memory(tensor) else "its storage was emptied")


def _odd_form(tensor: torch.Tensor) -> str | None:
    """How memory on the CPU holds the values otherwise than plainly."""
    base = sys.modules["torch"]._C.TensorBase
    layout = str(base.layout.__get__(tensor)).removeprefix("torch.")
    if layout != "strided":
        return f"they are stored as {layout}"
    asked = (
        (base.is_nested.__get__, "they are nested"),
        (base.is_quantized.__get__, "they are quantised"),
        (base.is_conj, "its memory holds them conjugated"),
        (base.is_neg, "its memory holds them negated"),
        (sys.modules["torch"]._is_functional_tensor, "they are a tracer's"),
        (sys.modules["torch"]._C._is_cow_tensor, "reading them would copy memory that is shared until somebody writes"),
    )
    return next((reason for is_so, reason in asked if is_so(tensor)), None)


def is_uninitialised(tensor: torch.Tensor) -> bool:
    """A lazy module's parameter that has no shape yet."""
    return sys.modules["torch"].nn.parameter.UninitializedTensorMixin in type(tensor).__mro__


def answers_itself(kind: type) -> bool:
    """A subclass with kernels of its own (``__torch_dispatch__``), which may answer for shape and device too."""
    base = sys.modules["torch"].Tensor
    return kind is not base and getattr(kind, "__torch_dispatch__", None) is not base.__torch_dispatch__


def someone_listens() -> bool:
    """A functorch transform, a tracer or a profiler would take our kernels for the program's."""
    torch = sys.modules["torch"]
    return (
        torch._C._functorch.peek_interpreter_stack() is not None
        or torch._C._get_tracing_state() is not None
        or torch.compiler.is_compiling()
        or _is_profiled()
    )


def _is_profiled() -> bool:
    return sys.modules["torch"]._C._autograd._profiler_enabled()


@functools.cache
def _plain_keys() -> Any:  # noqa: ANN401 (torch._C.DispatchKeySet)
    c = sys.modules["torch"]._C
    names = ("ADInplaceOrView", "AutogradCPU", "AutocastCPU")
    return functools.reduce(
        lambda keys, name: keys.add(getattr(c.DispatchKey, name)), names, c.DispatchKeySet(c.DispatchKey.CPU)
    )


def _reaches_memory(tensor: torch.Tensor) -> bool:
    """Whether the storage holds every element: a resharded or resized parameter's does not."""
    base = sys.modules["torch"]._C.TensorBase
    shape = base.shape.__get__(tensor)
    if 0 in shape:
        return True
    last = sum((size - 1) * stride for size, stride in zip(shape, base.stride(tensor), strict=True))
    needed = (base.storage_offset(tensor) + last + 1) * base.element_size(tensor)
    return base.untyped_storage(tensor).nbytes() >= needed
