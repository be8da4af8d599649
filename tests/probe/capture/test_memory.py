"""Bytes by what they are for, against hand arithmetic: a float is 4 bytes, and every storage counts once."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from probe.capture.stops import Stop, capture
from tapelens.probe.capture.memory import device_memory
from tapelens.wire.memory import DeviceMemory, Memory

FLOAT = 4

SAVED_TENSOR: Any = torch._C._autograd.SavedTensor  # pyright: ignore[reportAttributeAccessIssue]
shows_saved_tensors = pytest.mark.skipif(
    not hasattr(SAVED_TENSOR, "data"), reason="this torch does not show what was saved"
)


def memory_of(stop: Stop) -> Memory:
    return stop.snapshot.memory


def kept_of(stop: Stop) -> dict[str, int]:
    """Bytes by module path."""
    table = memory_of(stop).kept_by
    return {
        stop.snapshot.strings[module] if module >= 0 else "": size
        for module, size in zip(table.module, table.size_bytes, strict=True)
    }


def test_each_kind_of_memory_is_told_apart():
    model = nn.Sequential(nn.Linear(10, 20), nn.BatchNorm1d(20), nn.Tanh())
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(8, 10)).sum().backward()
    optimizer.step()
    parameters = 10 * 20 + 20 + 20 + 20
    memory = memory_of(capture(sys._getframe()))
    assert memory.parameters == parameters * FLOAT
    assert memory.buffers == (20 + 20) * FLOAT + 8  # num_batches_tracked is an int64
    assert memory.gradients == parameters * FLOAT
    assert memory.optimizer == 2 * parameters * FLOAT + 4 * FLOAT  # two moments each, and a step a parameter
    assert memory.kept == 0
    assert memory.keepers == ()
    assert memory.devices == ()


@shows_saved_tensors
def test_what_is_kept_for_backward_is_what_the_operations_need():
    x = torch.randn(8, 10)
    w = torch.randn(10, 20, requires_grad=True)
    y = torch.tanh(x @ w)  # matmul saves x (and w, a leaf that requires grad), tanh its result
    loss = y.pow(2).sum()  # pow saves y, the same storage again
    memory = memory_of(capture(sys._getframe()))
    assert memory.kept == (8 * 10 + 8 * 20) * FLOAT
    assert sum(memory.kept_by.storages) == 2
    assert memory.parameters == 10 * 20 * FLOAT
    del loss


@shows_saved_tensors
def test_a_view_counts_its_whole_storage_once():
    big = torch.randn(100, 100)
    w = torch.ones(100, requires_grad=True)
    first, second = (big[0] * w).sum(), (big[1] * w).sum()
    spread = (torch.ones(1).expand(1_000) * w[0]).sum()  # saves the expanded one: one float
    memory = memory_of(capture(sys._getframe()))
    assert memory.kept == 100 * 100 * FLOAT + 1 * FLOAT
    del first, second, spread


def test_a_gradient_that_is_a_view_of_a_bucket_counts_the_bucket_once():
    bucket = torch.zeros(30)
    a, b = torch.ones(10, requires_grad=True), torch.ones(20, requires_grad=True)
    a.grad, b.grad = bucket[:10], bucket[10:]
    del bucket
    assert memory_of(capture(sys._getframe())).gradients == 30 * FLOAT


def test_tied_parameters_count_once():
    encoder, decoder = nn.Linear(6, 6, bias=False), nn.Linear(6, 6, bias=False)
    decoder.weight = encoder.weight
    assert memory_of(capture(sys._getframe())).parameters == 36 * FLOAT


@shows_saved_tensors
def test_a_checkpoint_is_seen_as_fewer_bytes():
    block = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 16), nn.Tanh())
    x = torch.randn(32, 16, requires_grad=True)

    def kept(loss: torch.Tensor) -> Memory:
        del loss
        return memory_of(capture(sys._getframe(1)))

    loss = block(x).sum()
    plain = kept(loss)
    assert plain.kept == (32 * 64 + 32 * 16) * FLOAT  # relu's result and tanh's; x is a leaf
    loss = checkpoint(block, x, use_reentrant=False).sum()
    packed = kept(loss)
    assert packed.kept == 0
    assert packed.packed > 0
    loss = checkpoint(block, x, use_reentrant=True).sum()
    assert kept(loss).kept == 0


@shows_saved_tensors
def test_freed_buffers_count_nothing():
    x = torch.randn(50, requires_grad=True)
    y = x.exp()
    loss = y.sum()
    assert memory_of(capture(sys._getframe())).kept == 50 * FLOAT
    loss.backward()
    memory = memory_of(capture(sys._getframe()))
    assert (memory.kept, memory.gradients) == (0, 50 * FLOAT)


def test_bytes_that_cannot_be_asked_for_are_counted_apart():
    table = torch.eye(3).to_sparse().requires_grad_()
    loss = torch.sparse.mm(table, torch.ones(3, 2, requires_grad=True)).sum()  # saves the sparse one, and it is a leaf
    memory = memory_of(capture(sys._getframe()))
    assert memory.not_shown > 0
    del loss


def test_an_allocator_that_the_program_uses_is_asked(monkeypatch: pytest.MonkeyPatch):
    """No accelerator is here: one that answers as ``torch.cuda`` is documented to."""
    stats = {
        "allocated_bytes.all.current": 300,
        "reserved_bytes.all.current": 512,
        "allocated_bytes.all.peak": 400,
        "active_bytes.all.current": 310,
    }

    class Cuda:
        is_initialized = staticmethod(lambda: True)
        device_count = staticmethod(lambda: 3)

        @staticmethod
        def memory_stats(device: int) -> dict[str, int]:
            if device == 2:
                message = "CUDA error"
                raise RuntimeError(message)
            return stats if device == 1 else {}

    monkeypatch.setitem(sys.modules, "torch.cuda", Cuda)
    assert device_memory() == (DeviceMemory(device="cuda:1", allocated=300, reserved=512, peak=400),)


def test_no_accelerator_is_woken():
    capture(sys._getframe())
    assert not torch.cuda.is_initialized()
