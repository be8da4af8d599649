"""Tensors of every kind: how they hold their elements, and who answers for them."""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import nn

from probe.capture.kinds import Look, kind

DENSE, LAYOUTS = "Dense tensors", "Other layouts"
VALUELESS, SUBCLASSES = "Without values of their own", "Subclasses"
DISTRIBUTED = "Distributed"


@kind(DENSE)
def data(look: Look):
    """Plain data."""
    odd = torch.ones(3)
    look(sys._getframe())
    return odd


@kind(DENSE)
def leaf_with_gradient(look: Look):
    """A leaf with a gradient."""
    odd = torch.ones(3, requires_grad=True)
    odd.grad = torch.ones(3)
    look(sys._getframe())


@kind(DENSE)
def scalar(look: Look):
    """A scalar."""
    odd = torch.tensor(3.0)
    look(sys._getframe())
    return odd


@kind(DENSE)
def zero_size(look: Look):
    """Zero elements."""
    odd = torch.empty(0, 3)
    look(sys._getframe())
    return odd


@kind(DENSE)
def expanded(look: Look):
    """Expanded: one element, many times."""
    odd = torch.ones(1).expand(4)
    look(sys._getframe())
    return odd


@kind(DENSE)
def overlapping(look: Look):
    """Overlapping memory (`as_strided`)."""
    odd = torch.ones(5).as_strided((3, 3), (1, 1))
    look(sys._getframe())
    return odd


@kind(DENSE)
def large(look: Look):
    """Larger than one stop reads (8 MiB)."""
    odd = torch.ones(3, 1024, 1024)
    look(sys._getframe())
    return odd


@kind(DENSE)
def shared_with_numpy(look: Look):
    """Memory of a NumPy array."""
    numpy = __import__("numpy")
    odd = torch.from_numpy(numpy.ones(3))
    look(sys._getframe())
    return odd


@kind(DENSE)
def boolean(look: Look):
    """`bool`."""
    odd = torch.tensor([True, False])
    look(sys._getframe())
    return odd


@kind(DENSE)
def half(look: Look):
    """`bfloat16`."""
    odd = torch.ones(3, dtype=torch.bfloat16)
    look(sys._getframe())
    return odd


@kind(DENSE)
def eighth(look: Look):
    """`float8_e4m3fn`."""
    odd = torch.ones(3).to(torch.float8_e4m3fn)
    look(sys._getframe())
    return odd


@kind(DENSE)
def unsigned(look: Look):
    """`uint16`."""
    odd = torch.ones(3, dtype=torch.uint16)
    look(sys._getframe())
    return odd


@kind(DENSE)
def complex_leaf(look: Look):
    """Complex, with requires_grad."""
    odd = torch.tensor([3 + 4j], requires_grad=True)
    look(sys._getframe())
    return odd


@kind(DENSE)
def conjugated(look: Look):
    """Lazily conjugated."""
    odd = torch.tensor([3 + 4j]).conj()
    look(sys._getframe())
    return odd


@kind(DENSE)
def negated(look: Look):
    """Lazily negated."""
    odd = torch.tensor([3 + 4j]).conj().imag
    look(sys._getframe())
    return odd


@kind(DENSE)
def quantised(look: Look):
    """Quantised, per tensor."""
    odd = torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8)
    look(sys._getframe())
    return odd


@kind(DENSE)
def quantised_by_channel(look: Look):
    """Quantised, per channel."""
    odd = torch.quantize_per_channel(torch.ones(3, 2), torch.ones(3) * 0.1, torch.zeros(3), 0, torch.qint8)
    look(sys._getframe())
    return odd


@kind(DENSE)
def lazily_copied(look: Look):
    """A lazy copy (`torch._lazy_clone`)."""
    c: Any = torch
    odd = c._lazy_clone(torch.ones(3))
    look(sys._getframe())
    return odd


@kind(LAYOUTS)
def sparse_coo(look: Look):
    """Sparse COO."""
    odd = torch.eye(3).to_sparse().requires_grad_()
    look(sys._getframe())
    return odd


@kind(LAYOUTS)
def sparse_csr(look: Look):
    """Sparse CSR."""
    odd = torch.eye(3).to_sparse_csr()
    look(sys._getframe())
    return odd


@kind(LAYOUTS)
def sparse_csc(look: Look):
    """Sparse CSC."""
    odd = torch.eye(3).to_sparse_csc()
    look(sys._getframe())
    return odd


@kind(LAYOUTS)
def sparse_bsr(look: Look):
    """Sparse BSR."""
    odd = torch.eye(4).to_sparse_bsr((2, 2))
    look(sys._getframe())
    return odd


@kind(LAYOUTS)
def sparse_bsc(look: Look):
    """Sparse BSC."""
    odd = torch.eye(4).to_sparse_bsc((2, 2))
    look(sys._getframe())
    return odd


@kind(LAYOUTS)
def sparse_gradient(look: Look):
    """A sparse gradient on a dense parameter."""
    embedding = nn.Embedding(4, 2, sparse=True)
    embedding(torch.tensor([1])).sum().backward()
    odd = embedding.weight
    look(sys._getframe())
    return odd


@kind(LAYOUTS)
def mkldnn(look: Look):
    """MKL-DNN (oneDNN)."""
    odd = torch.ones(3, 4).to_mkldnn()
    look(sys._getframe())
    return odd


@kind(LAYOUTS, torch_says=False)
def nested_strided(look: Look):
    """Nested, strided."""
    odd = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], requires_grad=True)
    look(sys._getframe())
    return odd


@kind(LAYOUTS, torch_says=False)
def nested_jagged(look: Look):
    """Nested, jagged."""
    values = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged, requires_grad=True)
    odd = values * 2
    del values
    look(sys._getframe())
    return odd


@kind(VALUELESS)
def meta(look: Look):
    """On the meta device."""
    odd = torch.ones(3, device="meta")
    look(sys._getframe())
    return odd


@kind(VALUELESS)
def fake(look: Look):
    """FakeTensor."""
    from torch._subclasses import FakeTensorMode

    with FakeTensorMode():
        odd = torch.ones(3, requires_grad=True) * 2
        look(sys._getframe())
    return odd


@kind(VALUELESS, torch_says=False)
def symbolic(look: Look):
    """FakeTensor with a symbolic shape."""
    from torch._subclasses import FakeTensorMode
    from torch.fx.experimental.symbolic_shapes import ShapeEnv

    odd = FakeTensorMode(shape_env=ShapeEnv()).from_tensor(torch.ones(3, 4), static_shapes=False)
    look(sys._getframe())
    return odd


@kind(VALUELESS, name="model.weight")
def deferred(look: Look):
    """A module made on the meta device (deferred initialisation)."""
    with torch.device("meta"):
        model = nn.Linear(3, 2)
    odd = model.weight
    look(sys._getframe())
    return odd


@kind(VALUELESS, torch_says=False)
def uninitialised(look: Look):
    """A lazy module's parameter before its first input."""
    odd = nn.UninitializedParameter()
    look(sys._getframe())
    return odd


@kind(VALUELESS, torch_says=False)
def uninitialised_buffer(look: Look):
    """A lazy module's buffer before its first input."""
    odd = nn.UninitializedBuffer()
    look(sys._getframe())
    return odd


@kind(VALUELESS)
def emptied(look: Look):
    """Its storage resized to 0 (as a sharded parameter's)."""
    odd = torch.ones(3, requires_grad=True)
    odd.untyped_storage().resize_(0)
    look(sys._getframe())
    return odd


class Plain(torch.Tensor):
    """A subclass of the commonest sort: all its own is ``__torch_function__``."""

    heard: list[str]

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        Plain.heard.append(str(func))
        return super().__torch_function__(func, types, args, kwargs or {})


Plain.heard = []


@kind(SUBCLASSES)
def function_subclass(look: Look):
    """A subclass with `__torch_function__`."""
    leaf = torch.ones(3).as_subclass(Plain).requires_grad_()
    odd = leaf * 2
    look(sys._getframe())
    return odd


class Weight(nn.Parameter):
    """A parameter of the user's."""


@kind(SUBCLASSES)
def parameter_subclass(look: Look):
    """A subclass of Parameter."""
    odd = Weight(torch.ones(3))
    look(sys._getframe())
    return odd


@kind(SUBCLASSES, name="module.odd")
def buffer(look: Look):
    """`nn.Buffer`."""
    module = nn.Module()
    module.odd = nn.Buffer(torch.ones(3)) if hasattr(nn, "Buffer") else torch.ones(3)
    odd = module.odd
    look(sys._getframe())
    return odd


class Kernels(torch.Tensor):
    """A subclass with kernels of its own."""

    heard: list[str]

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        Kernels.heard.append(str(func))
        opened = [each.held if isinstance(each, Wrapper) else each for each in args]
        return func(*opened, **(kwargs or {}))


Kernels.heard = []


class Wrapper(Kernels):
    """It holds another tensor and answers for shape, device and layout itself."""

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> Any:
        return torch.Tensor._make_wrapper_subclass(
            cls,
            inner.shape,
            dtype=inner.dtype,
            device=inner.device,
            dispatch_sizes_strides_policy="sizes",
            dispatch_device=True,
            dispatch_layout=True,
        )

    def __init__(self, inner: torch.Tensor) -> None:
        self.held = inner


@kind(SUBCLASSES)
def dispatch_subclass(look: Look):
    """A subclass with `__torch_dispatch__` on memory of its own."""
    odd = torch.Tensor._make_subclass(Kernels, torch.ones(3))
    look(sys._getframe())
    return odd


@kind(SUBCLASSES, torch_says=False)
def wrapper(look: Look):
    """A wrapper that answers for its own shape, device and layout."""
    odd = Wrapper(torch.ones(3))
    look(sys._getframe())
    return odd


@kind(SUBCLASSES, torch_says=False)
def masked(look: Look):
    """MaskedTensor."""
    from torch.masked import masked_tensor

    odd = masked_tensor(torch.ones(3), torch.tensor([True, False, True]))
    look(sys._getframe())
    return odd


@kind(SUBCLASSES, name='model.parametrizations["weight"].original0')
def parametrised(look: Look):
    """A parametrised module (`weight_norm`)."""
    model: Any = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2, bias=False))
    odd = model.parametrizations.weight.original0
    look(sys._getframe())
    return odd


def alone() -> Any:
    """A process group of two of which only this one is there."""
    from torch.testing._internal.distributed.fake_pg import FakeStore

    distributed = torch.distributed
    distributed.init_process_group("fake", rank=0, world_size=2, store=FakeStore())
    return distributed


@kind(DISTRIBUTED, since="distributed.tensor.placement_types")
def dtensor(look: Look):
    """DTensor, sharded over two ranks."""
    distributed = alone()
    try:
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.tensor import Shard, distribute_tensor

        odd = distribute_tensor(torch.ones(4, 2), init_device_mesh("cpu", (2,)), [Shard(0)])
        look(sys._getframe())
        return odd
    finally:
        distributed.destroy_process_group()


@kind(DISTRIBUTED, name="model[0].weight", since="distributed.fsdp._fully_shard")
def sharded(look: Look):
    """A parameter of FSDP2 after a forward and its reshard."""
    distributed = alone()
    try:
        from torch.distributed.fsdp import fully_shard

        model = nn.Sequential(nn.Linear(4, 4, bias=False))
        fully_shard(model[0])
        fully_shard(model)
        model(torch.ones(2, 4))
        odd = model[0].weight
        look(sys._getframe())
        return odd
    finally:
        distributed.destroy_process_group()


@kind(DISTRIBUTED, name="model.module.weight", torch_says=False)
def data_parallel(look: Look):
    """A parameter under DistributedDataParallel."""
    distributed = alone()
    try:
        model = nn.parallel.DistributedDataParallel(nn.Linear(4, 4, bias=False))
        odd = model(torch.ones(2, 4)).sum()
        look(sys._getframe())
        return odd
    finally:
        distributed.destroy_process_group()
