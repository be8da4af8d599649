"""A few values of a tensor, read where they lie."""

# pyright: reportOptionalSubscript=false, reportPrivateImportUsage=false

from __future__ import annotations

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from tapelens.probe.capture.guards import undisturbed
from tapelens.probe.taps.samples import sample, sample_by_kernel, sample_gradient


def read(tensor, **kwargs):
    with undisturbed():
        return sample(tensor, **kwargs)


def read_gradient(tensor, **kwargs):
    with undisturbed():
        return sample_gradient(tensor, **kwargs)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_short_tensors_are_read_whole(dtype):
    assert read(torch.tensor([1.5, -2.0, 0.25], dtype=dtype)) == (1.5, -2.0, 0.25)


def test_long_ones_are_read_at_eight_places_from_the_first_to_the_last():
    assert read(torch.arange(71.0)) == (0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0)


def test_a_transposed_tensor_is_read_in_the_order_of_memory():
    assert read(torch.arange(6.0).reshape(2, 3).t()) == (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)


def test_one_with_gaps_is_read_at_its_ends():
    assert read(torch.arange(100.0)[3:90:7]) == (3.0, 87.0)


def test_complex_numbers_give_both_parts():
    assert read(torch.tensor([1 + 2j])) == (1.0, 2.0)


def test_a_gradient_of_zeros_is_none_and_a_lone_value_is_found():
    assert read_gradient(torch.zeros(5000)) is None
    lone = torch.zeros(5000)
    lone[321] = 7.0
    assert read_gradient(lone)[0] == 7.0


WITHOUT_PLAIN_VALUES = {
    "meta": lambda: torch.ones(3, device="meta"),
    "sparse": lambda: torch.ones(3).to_sparse(),
    "compressed": lambda: torch.eye(3).to_sparse_csr(),
    "nested": lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
    "ragged": lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged),
    "opaque": lambda: torch.ones(2, 2).to_mkldnn(),
    "empty": lambda: torch.empty(0),
    "integers": lambda: torch.ones(3, dtype=torch.int64),
    "without memory": lambda: torch._efficientzerotensor(3),
}


@pytest.mark.filterwarnings("ignore:Sparse CSR|The PyTorch API of nested")
@pytest.mark.parametrize("make", WITHOUT_PLAIN_VALUES.values(), ids=WITHOUT_PLAIN_VALUES)
def test_what_has_no_plain_values_gives_nothing(make):
    tensor = make()
    assert read(tensor) == ()
    assert read_gradient(tensor) in {(), None}


def test_a_storage_that_was_taken_away_is_not_read():
    tensor = torch.ones(1000)
    tensor.untyped_storage().resize_(0)
    assert read(tensor) == ()


def test_nobody_hears_of_it():
    heard = []

    class Functions(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            heard.append(function)
            return function(*args, **(kwargs or {}))

    class Kernels(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            heard.append(function)
            return function(*args, **(kwargs or {}))

    tensor = torch.ones(100)
    with Functions(), Kernels():
        heard.clear()
        assert read(tensor) == (1.0,) * 8
    assert heard == []


def test_the_way_for_accelerators_reads_the_same_kind_of_values():
    assert sample_by_kernel(torch.arange(80.0)) == (0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0)
    assert sample_by_kernel(torch.tensor(3.0)) == (3.0,)
    assert sample_by_kernel(torch.arange(80.0)[::2]) == ()
