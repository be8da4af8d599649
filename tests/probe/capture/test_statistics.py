"""Numbers of tensors agree with exact arithmetic in Python."""

from __future__ import annotations

import math

import pytest
import torch

from tapelens.probe.capture.statistics import StatisticsTable

torch.manual_seed(0)
TENSORS = {
    "few": torch.tensor([[4.5, -4.5], [1.0, 0.25]]),
    "scalar": torch.tensor(3.0),
    "many": torch.randn(50_000),
    "across": torch.randn(300, 400).t()[::2, 3:],
    "turned": torch.randn(3, 7, 50, 5).permute(2, 0, 3, 1),
    "integers": torch.arange(-40, 300, dtype=torch.int8),
    "half": torch.randn(1000).to(torch.bfloat16),
    "double": torch.randn(40_000, dtype=torch.float64) * 1e200,
    "moduli": torch.randn(500, dtype=torch.complex64),
    "spoiled": torch.randn(40_000)
    .index_fill_(0, torch.tensor([3, 17_000]), math.nan)
    .index_fill_(0, torch.tensor([5]), -math.inf),
    "hopeless": torch.full((70,), math.nan),
    "few spoiled": torch.tensor([1.0, math.inf, math.nan]),
}


@pytest.mark.parametrize("name", TENSORS)
def test_numbers_are_those_of_exact_arithmetic(name: str):
    tensor = TENSORS[name]
    values = [abs(value) if isinstance(value, complex) else float(value) for value in tensor.flatten().tolist()]
    finite = [value for value in values if math.isfinite(value)]
    table = StatisticsTable()
    assert table.add(tensor) == 0
    row = table.columns()
    assert row.count == (len(values),)
    assert (row.nan, row.inf) == ((sum(map(math.isnan, values)),), (sum(map(math.isinf, values)),))
    if finite:
        assert row.norm[0] == pytest.approx(math.hypot(*finite), rel=1e-6)
        assert row.mean[0] == pytest.approx(math.fsum(finite) / len(finite), rel=1e-6, abs=1e-9 * math.hypot(*finite))
        assert (row.minimum[0], row.maximum[0]) == (pytest.approx(min(finite)), pytest.approx(max(finite)))
    else:
        assert (row.minimum, row.maximum, row.mean) == (("nan",), ("nan",), ("nan",))
    first = [float(value) for value in row.first[0]]
    assert first == pytest.approx(values[:16], rel=1e-5, nan_ok=True)


def test_what_a_budget_leaves_out_is_counted():
    table = StatisticsTable(byte_budget=1000, row_budget=2)
    assert [table.add(torch.ones(size)) for size in (200, 100, 50, 1)] == [0, -1, 1, -1]
    assert table.left_out == 2


def test_every_number_is_one_that_json_can_carry():
    from tapelens.wire.encode import to_json

    table = StatisticsTable()
    for tensor in TENSORS.values():
        table.add(tensor)
    assert "NaN" not in to_json(table.columns())
