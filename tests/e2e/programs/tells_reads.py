"""Keeps the tensors that a careless read disturbs, stops beside them, and prints what such a read would move.

A section for each line of the table of reads that disturb; the last ones for frames and objects.
"""

import gc
import hashlib
import io
import sys
import warnings
import weakref
from collections import Counter

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.checkpoint import checkpoint

warnings.simplefilter("always")
torch.manual_seed(11)
heard = Counter()


def bits(*tensors):
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(b"none" if tensor is None else tensor.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def saved(value):
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return hashlib.sha256(buffer.getvalue()).hexdigest()[:16]


def clock():
    return torch._C._autograd._get_sequence_nr()


def views_changed_in_place():
    w = torch.randn(64, 64, requires_grad=True)
    base = w * 2
    view, half = base[1:].t(), base.view(32, 128)
    base.mul_(torch.randn(64, 64))
    one, two, *rest = (w * 1).unbind(0)
    with torch.no_grad():
        one.add_(1)
        aside = base[:2]
    base.mul_(1.5)
    stop = clock()  # stop: views
    loss = (view @ base[1:]).sum() + half.sin().sum() + base.cos().sum()
    loss.backward()  # stop: views backward
    print("views", bits(w.grad), clock() - stop, one._version, two._version, aside._version, len(rest))


def grad_of_a_non_leaf():
    x = torch.randn(3, requires_grad=True)
    y = x * 2
    y.sum().backward()  # stop: non-leaf
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        here = y.grad  # stop: about to warn
    print("non-leaf", here, len(seen))


class Functional(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        heard["subclass"] += 1
        return super().__torch_function__(func, types, args, kwargs or {})


class FunctionMode(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        heard["function mode"] += 1
        return func(*args, **(kwargs or {}))


class DispatchMode(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        heard[f"kernel {func}"] += 1
        return func(*args, **(kwargs or {}))


class Wrapper(torch.Tensor):
    @staticmethod
    def __new__(cls, inner):
        return torch.Tensor._make_wrapper_subclass(
            cls,
            inner.shape,
            dtype=inner.dtype,
            device=inner.device,
            dispatch_sizes_strides_policy="sizes",
            dispatch_device=True,
            dispatch_layout=True,
        )

    def __init__(self, inner):
        self.inner = inner

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        heard[f"wrapper {func}"] += 1
        return func(*[each.inner if isinstance(each, Wrapper) else each for each in args], **(kwargs or {}))


def overrides_and_modes():
    listening = torch.randn(300).as_subclass(Functional).requires_grad_()
    loss = (listening * listening).sum()
    wrapper = Wrapper(torch.randn(3))
    plain = torch.randn(300, requires_grad=True)
    with FunctionMode(), DispatchMode():
        gone = plain.exp().sum()  # stop: inside modes
        stop = 1  # stop: still inside modes
    loss.backward()  # stop: overrides
    gone.backward()
    print("heard", sorted(heard.items()), bits(plain.grad), saved(wrapper.inner), stop)


def inference_and_transforms():
    with torch.inference_mode():
        x = torch.randn(3)
        y = x * 2  # stop: inference
    w = torch.randn(3, requires_grad=True)

    def function(value):
        inside = value.sin() * w
        return inside.sum()  # stop: transforms

    rows = torch.randn(2, 3)
    gradient = torch.func.grad(function)(torch.randn(3))
    mapped = torch.vmap(function)(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own
        pushed = torch.func.jvp(function, (torch.randn(3),), (torch.randn(3),))
    mapped.sum().backward()
    print("transforms", bits(gradient, mapped, *pushed, w.grad), y.is_inference())


def layouts():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, of prototypes
        sparse = torch.eye(3).to_sparse().requires_grad_()
        rows, blocks = torch.eye(3).to_sparse_csr(), torch.eye(4).to_sparse_bsr((2, 2))
        nested = torch.nested.nested_tensor([torch.randn(2), torch.randn(3)], requires_grad=True)
        jagged = torch.nested.nested_tensor([torch.randn(2), torch.randn(3)], layout=torch.jagged)
        quantised = torch.quantize_per_tensor(torch.randn(3), 0.1, 0, torch.quint8)
    lazy = nn.LazyLinear(2)
    meta, conjugated = torch.randn(3, device="meta"), torch.tensor([3 + 4j]).conj()
    copied = torch._lazy_clone(torch.ones(3))
    embedding = nn.Embedding(4, 2, sparse=True)
    embedding(torch.tensor([1, 3])).sum().backward()
    loss = torch.sparse.sum(sparse * 2) + nested.to_padded_tensor(0.0).sum()
    loss.backward()  # stop: layouts
    lazy(torch.randn(1, 3))  # stop: lazy
    print("layouts", bits(sparse.grad.to_dense(), embedding.weight.grad.to_dense(), lazy.weight), meta.shape)
    print("still lazy", torch._C._is_cow_tensor(copied), conjugated.is_conj(), rows._nnz(), blocks._nnz())
    print("nested", jagged.size(0), quantised.int_repr().tolist())


def fakes():
    from torch._subclasses import FakeTensorMode

    with FakeTensorMode():
        fake = nn.Linear(3, 2)(torch.randn(1, 3))
        stop = 1  # stop: fake
    print("fake", fake.shape, stop)


def emptied_storage_and_swapping():
    model = nn.Linear(3, 2)
    emptied = torch.randn(4, requires_grad=True)
    emptied.untyped_storage().resize_(0)
    model(torch.randn(5, 3)).square().mean().backward()
    before = saved([p.grad for p in model.parameters()])
    swapped = nn.Parameter(torch.randn(2, 3))  # stop: emptied
    model.zero_grad()
    torch.utils.swap_tensors(model.weight, swapped)  # stop: swap
    print("swapped", bits(model.weight), emptied.untyped_storage().nbytes(), before)
    print("attributes", [sorted(vars(p)) for p in model.parameters()], weakref.getweakrefcount(model.bias))


def saved_tensors():
    def pack(tensor):
        heard["pack"] += 1
        return tensor.clone()

    def unpack(packed):
        heard["unpack"] += 1
        return packed

    def block(x):
        heard["forward"] += 1
        return x.sin().exp()

    x = torch.randn(3, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        y = x * x
    loss = checkpoint(block, y, use_reentrant=False).sum() + checkpoint(block, x * 1, use_reentrant=True).sum()
    stop = [heard["pack"], heard["unpack"], heard["forward"]]  # stop: saved
    loss.backward()  # stop: saved backward
    print("saved", stop, heard["pack"], heard["unpack"], heard["forward"], bits(x.grad))


def hooks():
    run = []
    x = torch.randn(3, requires_grad=True)
    y = x * 2
    first = y.register_hook(lambda g: run.append("tensor"))
    x.register_post_accumulate_grad_hook(lambda leaf: run.append("leaf"))
    y.grad_fn.register_prehook(lambda gs: run.append("pre"))
    y.grad_fn.register_hook(lambda gi, go: run.append("post"))
    stop = 1  # stop: hooks
    y.sum().backward()  # stop: hooks backward
    second = y.register_hook(lambda g: None)
    print("hooks", run, len(y._backward_hooks), second.id > first.id, stop, bits(x.grad))


class Watched:
    """Counts what is asked of it."""

    def __init__(self):
        self.inner = torch.randn(2)

    def __getattr__(self, name):
        heard[f"asked {name}"] += 1
        raise AttributeError(name)

    def __iter__(self):
        heard["iterated"] += 1
        return iter(())

    def __len__(self):
        heard["measured"] += 1
        return 0

    @property
    def costly(self):
        heard["property"] += 1
        return self.inner


class WatchedDict(dict):
    def __getitem__(self, key):
        heard["item"] += 1
        return super().__getitem__(key)

    def items(self):
        heard["items"] += 1
        return super().items()


def objects():
    watched, table = Watched(), WatchedDict(a=torch.randn(2))
    stop = 1  # stop: objects
    print("objects", sorted(heard.items()), stop, sys.getrefcount(watched.inner), sys.getrefcount(table["a"]))


def frames():
    kept, gone = torch.randn(3, requires_grad=True), torch.randn(3, requires_grad=True)
    loss = (kept * gone).sum()
    watched = weakref.ref(gone)
    count = 0

    def raise_it():
        nonlocal count
        count += 1

    loss.backward()  # stop: frames
    del gone, loss
    raise_it()
    let_go = watched() is None or sys.version_info < (3, 11)  # where a frame keeps what a debugger read
    print("frames", let_go, count, bits(kept.grad))

    def generate(start):
        held = start * 2
        yield held  # stop: generator
        held = held + 1
        yield held

    print("generator", [bits(each) for each in generate(torch.randn(2))])


for section in (
    views_changed_in_place,
    grad_of_a_non_leaf,
    overrides_and_modes,
    inference_and_transforms,
    layouts,
    fakes,
    emptied_storage_and_swapping,
    saved_tensors,
    hooks,
    objects,
    frames,
):
    start = clock()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        section()
    print(f"{section.__name__}:", clock() - start, "nodes, warnings", [str(each.message)[:60] for each in warned])

print("random", bits(torch.get_rng_state()), torch.rand(1).item().hex())
gc.collect()
print("tensors alive", sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects()))
