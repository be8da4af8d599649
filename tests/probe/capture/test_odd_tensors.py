"""Tensors of every kind are described, or honestly marked as not shown; none makes a capture fail."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
import torch
from torch import nn

from probe.capture.stops import Stop, capture
from torch_features import KEEPS_SAVED


def quantised() -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8)


def csr() -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.eye(3).to_sparse_csr()


def nested(layout: torch.layout) -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=layout)


def fake() -> torch.Tensor:
    from torch._subclasses import FakeTensorMode

    with FakeTensorMode():
        return torch.ones(3, requires_grad=True) * 2


def inference() -> torch.Tensor:
    with torch.inference_mode():
        return torch.ones(3)


KINDS: dict[str, tuple[Callable[[], torch.Tensor], tuple[int, ...] | None, str | None]] = {
    "meta": (lambda: torch.ones(3, device="meta"), (3,), "meta"),
    "sparse": (lambda: torch.eye(3).to_sparse().requires_grad_(), (3, 3), "sparse_coo"),
    "sparse rows": (csr, (3, 3), "sparse_csr"),
    "nested": (lambda: nested(torch.strided), None, "nested"),
    "jagged": (lambda: nested(torch.jagged), None, "subclass"),
    "quantised": (quantised, (3,), "quantised"),
    "fake": (fake, (3,), "code"),
    "inference": (inference, (3,), "inference"),
    "uninitialised": (nn.UninitializedParameter, None, "no shape yet"),
    "uninitialised buffer": (nn.UninitializedBuffer, None, "no shape yet"),
    "complex": (lambda: torch.tensor([3 + 4j], requires_grad=True), (1,), None),
    "conjugated": (lambda: torch.tensor([3 + 4j]).conj(), (1,), "conjugated"),
    "bool": (lambda: torch.tensor([True, False]), (2,), None),
    "half": (lambda: torch.ones(2, dtype=torch.float16), (2,), None),
    "empty": (lambda: torch.empty(0, 3), (0, 3), None),
    "expanded": (lambda: torch.ones(1).expand(4), (4,), None),
    "resized away": (lambda: emptied(torch.ones(4)), (4,), "emptied"),
}


def emptied(tensor: torch.Tensor) -> torch.Tensor:
    """As FSDP leaves a parameter that it has resharded."""
    tensor.untyped_storage().resize_(0)
    return tensor


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_tensor_has_a_row(name: str):
    make, shape, reason = KINDS[name]
    odd = make()
    row = capture(sys._getframe()).tensors["odd"]
    assert row.shape == shape
    assert row.dtype is not None
    if reason is None:
        assert row.not_shown is None
    else:
        assert row.not_shown is not None
        assert reason in row.not_shown
    del odd


def test_values_are_read_of_plain_tensors_only():
    plain, weight = torch.tensor([1.0, 2.0]), nn.Parameter(torch.ones(2))
    number, flag = torch.tensor([3 + 4j]), torch.tensor([True, False])
    elsewhere, empty = torch.ones(2, device="meta"), emptied(torch.ones(4))
    stop = capture(sys._getframe())
    assert (stop.values("plain"), stop.values("weight")) == ((1.0, 2.0), (1.0, 1.0))
    assert (stop.values("number"), stop.values("flag")) == ((5.0,), (1.0, 0.0))
    assert (stop.tensors["elsewhere"].statistics, stop.tensors["empty"].statistics) == (None, None)
    del plain, weight, number, flag, elsewhere, empty


def test_inside_vmap_and_grad_transforms_tensors_are_named_and_not_entered():
    stops: list[Stop] = []

    def look(frame: FrameType) -> None:
        stops.append(capture(frame))

    def function(x: Any) -> Any:
        y = x.sin()
        look(sys._getframe())
        return y.sum()

    torch.vmap(function)(torch.ones(3, 2))
    torch.func.grad(function)(torch.ones(3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, of its use of jit.script
        torch.func.jvp(function, (torch.ones(3),), (torch.ones(3),))
    assert [stop.tensors["y"].shape for stop in stops] == [(2,), (3,), (3,)]
    for stop in stops:
        assert "torch.func" in str(stop.tensors["y"].not_shown)
        assert stop.tensors["y"].statistics is None
        assert stop.nodes == []


def test_under_inference_mode_the_snapshot_says_so():
    with torch.inference_mode():
        stop = capture(sys._getframe())
    assert (stop.snapshot.inference_mode, stop.snapshot.grad_mode) == (True, False)


def test_inside_make_fx_nothing_of_ours_is_traced():
    from torch.fx.experimental.proxy_tensor import make_fx

    def function(x: torch.Tensor) -> torch.Tensor:
        y = x.sin()
        constant = torch.ones(200)
        capture(sys._getframe())
        return y + constant.sum()

    traced = make_fx(function)(torch.ones(3))
    calls = [str(node.target) for node in traced.graph.nodes if node.op == "call_function"]
    assert len(calls) == len(
        [call for call in calls if "sin" in call or "ones" in call or "sum" in call or "add" in call]
    )


def test_a_compiled_graph_is_one_node():
    x = torch.ones(3, requires_grad=True)
    compiled = torch.compile(lambda value: value.sin().exp(), backend="aot_eager")
    loss = compiled(x).sum()
    stop = capture(sys._getframe())
    assert "CompiledFunctionBackward" in stop.node_names
    assert stop.effects("x") == {"x": "new"}
    loss.backward()
    assert capture(sys._getframe()).raises == "freed" or KEEPS_SAVED
