"""What one tensor says of itself, asked in the order that disturbs nothing."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...wire.snapshot import GradState
from .guards import answers_itself, is_uninitialised
from .views import freshness

if TYPE_CHECKING:
    import torch

UNKNOWN = -1
"""In a three-valued field: not shown."""

UNINITIALISED = "it has no shape yet: its lazy module has not seen an input"
FUNCTORCH = "it lives inside a torch.func transform ({}, level {}), whose graph is not the program's own"
CHANGED_VIEW = "a view changed in place: reading its grad_fn would build a new node"
ANSWERS_ITSELF = "a tensor subclass that may answer for its shape and device with code of its own"
NESTED = "nested: its rows have different shapes"
SYMBOLIC = "its shape is symbolic"
INFERENCE = "an inference tensor has no version counter"

_HONEST_SUBCLASSES = frozenset(
    (
        ("torch._subclasses.fake_tensor", "FakeTensor"),
        ("torch.distributed.tensor", "DTensor"),
        ("torch.distributed.tensor._api", "DTensor"),
        ("torch.distributed._tensor.api", "DTensor"),  # torch 2.4
    )
)
"""Subclasses with kernels of their own whose shape is nevertheless a plain field."""


@dataclass(slots=True)
class Reading:
    """A tensor, read.

    Attributes:
        tensor: Itself, so that its ``id`` stays its own while the snapshot is taken.
        gradient: Its ``.grad``; None also when not read, which ``grad`` tells apart.
        node: Its ``grad_fn``, None also when not read.
        graph_known: ``node`` and ``is_leaf`` could be read.
        stale: A view whose memory was written since its node was made: torch will make it another.
        storage: Address of its storage object and bytes, None when it has none that can be asked.
    """

    tensor: torch.Tensor
    type_name: str
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    device: str | None = None
    layout: str | None = None
    is_leaf: int = UNKNOWN
    requires_grad: int = UNKNOWN
    retains_grad: int = UNKNOWN
    is_view: int = UNKNOWN
    grad: GradState = "not_read"
    gradient: torch.Tensor | None = None
    node: torch.autograd.graph.Node | None = None
    graph_known: bool = False
    stale: bool = False
    output_nr: int = 0
    version: int = UNKNOWN
    base: torch.Tensor | None = None
    storage: tuple[int, int] | None = None
    not_shown: str | None = None

    @property
    def gradient_shape(self) -> tuple[int, ...] | None:
        """Shape of ``.grad``."""
        return None if self.gradient is None else shape_of(self.gradient)


def read_tensor(tensor: torch.Tensor) -> Reading:
    """Read a tensor of any kind. Call it ``undisturbed``.

    Every field is asked of ``TensorBase``: a subclass may have replaced the attribute.
    """
    reading = Reading(tensor, type(tensor).__name__)
    try:
        _read(reading)
    except Exception as error:  # a kind of tensor that refuses what all known kinds answer
        reading.not_shown = f"reading it raised {type(error).__name__}"
    return reading


def shape_of(tensor: torch.Tensor) -> tuple[int, ...] | None:
    """Its shape; None for one without a single shape in numbers, or that would run code to answer."""
    if is_uninitialised(tensor) or _is_evasive(type(tensor)):
        return None
    try:
        shape = tuple(sys.modules["torch"]._C.TensorBase.shape.__get__(tensor))
    except RuntimeError:  # nested
        return None
    return shape if all(type(size) is int for size in shape) else None


def dtype_of(tensor: torch.Tensor) -> str:
    """Its dtype, without ``torch.``."""
    return str(sys.modules["torch"]._C.TensorBase.dtype.__get__(tensor)).removeprefix("torch.")


def storage_of(tensor: torch.Tensor) -> tuple[int, int] | None:
    """Address of the storage object, and its bytes; None when it has none that can be asked."""
    try:
        storage = sys.modules["torch"]._C.TensorBase.untyped_storage(tensor)
        size = storage.nbytes()
        if _may_wrap(tensor):
            storage.data_ptr()  # raises in a wrapper: what it wraps holds the memory
        return (storage._cdata, size) if type(size) is int else None
    except (RuntimeError, NotImplementedError):  # sparse, functorch
        return None


def _may_wrap(tensor: torch.Tensor) -> bool:
    """A wrapper's storage has bytes and no memory; asking a FakeTensor's or a lazy copy's would be noticed."""
    kind = type(tensor)
    return answers_itself(kind) and not _is_fake(kind) and not sys.modules["torch"]._C._is_cow_tensor(tensor)


def _read(reading: Reading) -> None:
    base = sys.modules["torch"]._C.TensorBase
    tensor = reading.tensor
    reading.dtype = dtype_of(tensor)
    reading.requires_grad = int(base.requires_grad.__get__(tensor))
    if sys.modules["torch"]._C._functorch.is_functorch_wrapped_tensor(tensor):
        _read_transformed(reading)
        return
    _read_outside(reading)
    _read_graph(reading)


def _read_outside(reading: Reading) -> None:
    """Shape, place and memory."""
    base = sys.modules["torch"]._C.TensorBase
    tensor = reading.tensor
    reading.shape = shape_of(tensor)
    if is_uninitialised(tensor):
        reading.not_shown = UNINITIALISED
        reading.device = str(base.device.__get__(tensor))
        return
    if _is_evasive(type(tensor)):
        reading.not_shown = ANSWERS_ITSELF
    else:
        reading.layout = str(base.layout.__get__(tensor)).removeprefix("torch.")
        reading.device = str(_device(tensor))
        if reading.shape is None:
            reading.not_shown = NESTED if base.is_nested.__get__(tensor) else SYMBOLIC
    reading.storage = storage_of(tensor)


def _read_transformed(reading: Reading) -> None:
    """What a tensor inside vmap, grad or jvp shows to the transformed function."""
    c = sys.modules["torch"]._C
    tensor = reading.tensor
    kind = "vmap" if c._functorch.is_batchedtensor(tensor) else "functionalize"
    if c._functorch.is_gradtrackingtensor(tensor):
        kind = "grad or jvp"
    reading.not_shown = FUNCTORCH.format(kind, c._functorch.maybe_get_level(tensor))
    reading.shape = shape_of(tensor)
    if not answers_itself(type(tensor)):
        reading.device = str(c.TensorBase.device.__get__(tensor))
        reading.layout = str(c.TensorBase.layout.__get__(tensor)).removeprefix("torch.")


def _read_graph(reading: Reading) -> None:
    """What autograd knows, after asking whether asking is safe."""
    base = sys.modules["torch"]._C.TensorBase
    tensor = reading.tensor
    if base.is_inference(tensor):
        reading.is_leaf, reading.retains_grad, reading.is_view = 1, 0, int(base._is_view(tensor))
        reading.graph_known, reading.grad = True, "none"
        reading.not_shown = reading.not_shown or INFERENCE
        return
    reading.version = base._version.__get__(tensor)
    reading.is_view = int(base._is_view(tensor))
    reading.retains_grad = int(base.retains_grad.__get__(tensor))
    if reading.is_view:
        reading.base = base._base.__get__(tensor)
        if reading.version and (reading.requires_grad or _requires_grad(reading.base)):
            # NOTE [views changed in place]: torch rebuilds such a view's node when asked for it,
            # which takes a sequence number and can change the order in which gradients are summed.
            fresh = freshness(tensor)
            if fresh != "current":
                reading.not_shown = CHANGED_VIEW
                reading.stale = fresh == "stale"
                return
    reading.graph_known = True
    reading.is_leaf = int(base.is_leaf.__get__(tensor))
    reading.node = base.grad_fn.__get__(tensor)
    reading.output_nr = base.output_nr.__get__(tensor)
    if reading.is_leaf or reading.retains_grad:  # elsewhere torch warns, and there is none
        reading.gradient = base.grad.__get__(tensor)
    reading.grad = "none" if reading.gradient is None else "held"


def _requires_grad(tensor: torch.Tensor | None) -> bool:
    return tensor is not None and bool(sys.modules["torch"]._C.TensorBase.requires_grad.__get__(tensor))


def _device(tensor: torch.Tensor) -> torch.device:
    if _is_fake(type(tensor)):  # its device property runs a kernel
        return object.__getattribute__(tensor, "fake_device")
    return sys.modules["torch"]._C.TensorBase.device.__get__(tensor)


def _is_fake(kind: type) -> bool:
    return any(base.__name__ == "FakeTensor" and _is_honest(base) for base in kind.__mro__)


def _is_honest(kind: type) -> bool:
    return (kind.__module__, kind.__name__) in _HONEST_SUBCLASSES


def _is_evasive(kind: type) -> bool:
    return answers_itself(kind) and not _is_honest(kind)
